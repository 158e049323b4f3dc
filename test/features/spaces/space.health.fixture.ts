import type { TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { REPAIR_SPACE, SPACE_HEALTH } from '../../support/documents.js'
import type { Seeded } from '../../support/seed.js'

/** What may befall a space's memory from outside of Heddle, and what an operator asks. */

/** Ids of the space and of the thread that is damaged. */
export interface Damaged {
  spaceId: string
  threadId: string
  /** of another thread, which is not in the space */
  strayId: string
}

/** Statements with $1 the space, $2 the thread and $3 a thread that is not in the space. */
export const DAMAGES: Record<string, string> = {
  'vectors are lost': `
    delete from embedding where store_id = $1 and thread_id = $2 and $3::text is not null and message_id in (
      select id from message where thread_id = $2 and sequence = 3)`,
  'the last piece of a long message has no vector': `
    delete from embedding where store_id = $1 and thread_id = $2 and $3::text is not null and chunk = 2`,
  'vectors are of an earlier link': `
    update embedding set generation = generation - 1 where store_id = $1 and thread_id = $2 and $3::text is not null
      and message_id in (select id from message where thread_id = $2 and sequence = 2)`,
  'vectors are of no message': `
    with gone as (
      insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
      select store_id, 'msg_nobody', 0, thread_id, generation, model, role, message_created_at, vector
      from embedding where store_id = $1 and thread_id = $2 and $3::text is not null limit 1)
    select 1`,
  'vectors are of pieces that no message has': `
    insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
    select store_id, message_id, 7, thread_id, generation, model, role, message_created_at, vector
    from embedding where store_id = $1 and thread_id = $2 and $3::text is not null and chunk = 0
    order by message_id limit 2`,
  'vectors are of a thread that is not in the space': `
    insert into embedding (store_id, message_id, chunk, thread_id, generation, model, role, message_created_at, vector)
    select e.store_id, m.id, 0, m.thread_id, e.generation, e.model, e.role, e.message_created_at, e.vector
    from message m cross join (select * from embedding where store_id = $1 and thread_id = $2 limit 1) e
    where m.thread_id = $3`,
  'the counters of the space are wrong': `
    update embedding_store set thread_count = thread_count + 2, vector_count = vector_count + 3
    where id = $1 and $2::text is not null and $3::text is not null`,
  'the counter of a link is wrong': `
    update store_thread set vector_count = vector_count + 5
    where store_id = $1 and thread_id = $2 and $3::text is not null`,
  'a link hides a live thread': `
    update space_thread set hidden = true where space_id = $1 and thread_id = $2 and $3::text is not null`,
  'a link says that it is through with messages that never were': `
    update store_thread set embedded_through = embedded_through + 100
    where store_id = $1 and thread_id = $2 and $3::text is not null`,
  'a link is behind and nobody knows': `
    with gone as (
      delete from embedding where store_id = $1 and thread_id = $2 and $3::text is not null and message_id in (
        select id from message where thread_id = $2 and sequence > 4) returning 1),
      link as (
        update store_thread set embedded_through = 4, vector_count = vector_count - (select count(*) from gone)
        where store_id = $1 and thread_id = $2)
    update embedding_store set vector_count = greatest(0, vector_count - (select count(*) from gone)) where id = $1`,
  'refusals are of messages that have vectors': `
    insert into embedding_failure (store_id, message_id, thread_id, sequence, error)
    select $1, id, thread_id, sequence, 'refused' from message where thread_id = $2 and sequence = 1 and $3::text is not null`,
  'refusals and waiting messages are of a thread that is not in the space': `
    with waiting as (
      insert into pending_embedding (store_id, message_id, thread_id, sequence)
      select $1, id, thread_id, sequence from message where thread_id = $3)
    insert into embedding_failure (store_id, message_id, thread_id, sequence, error)
    select $1, id, thread_id, sequence, 'refused' from message where thread_id = $3 and $2::text is not null`,
}

export async function damage({ pool }: TestApp, statement: string, ids: Damaged): Promise<void> {
  await pool.query(statement, [ids.spaceId, ids.threadId, ids.strayId])
}

export async function healthOf({ id: spaceId, owner }: Seeded): Promise<Json> {
  return (await owner.must(SPACE_HEALTH, { spaceId })).spaceHealth
}

export async function repair({ id: spaceId, owner }: Seeded): Promise<Json> {
  return (await owner.must(REPAIR_SPACE, { spaceId })).repairSpace
}
