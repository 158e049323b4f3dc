import type { Pool } from 'pg'

/**
 * Every write of the embedding engine, kept by triggers of the database: what the rows show in the end does not tell
 * whether it was written once.
 */
export class WriteLog {
  private constructor(private readonly pool: Pool) {}

  static async open(pool: Pool): Promise<WriteLog> {
    await pool.query(`
      create table written_vector (position serial, message_id text, chunk int);
      create table written_link (position serial, thread_id text, embedded_through int);
      create function log_vector() returns trigger language plpgsql as $$ begin
        insert into written_vector (message_id, chunk) values (new.message_id, new.chunk); return new; end $$;
      create function log_link() returns trigger language plpgsql as $$ begin
        insert into written_link (thread_id, embedded_through) values (new.thread_id, new.embedded_through);
        return new; end $$;
      create trigger log_vector after insert or update on embedding for each row execute function log_vector();
      create trigger log_link after update of embedded_through on store_thread
        for each row execute function log_link();`)
    return new WriteLog(pool)
  }

  /** The messages of the vectors that were written, one for each write, in their order. */
  async vectors(): Promise<string[]> {
    const { rows } = await this.pool.query('select message_id as id from written_vector order by position')
    return rows.map(({ id }) => id)
  }

  /** How far a thread was embedded after each commit. */
  async throughs(threadId: string): Promise<number[]> {
    const { rows } = await this.pool.query(
      'select embedded_through as through from written_link where thread_id = $1 order by position',
      [threadId],
    )
    return rows.map(({ through }) => through)
  }
}
