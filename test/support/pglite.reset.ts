import type { PGlite } from '@electric-sql/pglite'

/** Makes a PGlite that a test is done with as good as a new one: the migrated schema, and no row. */

// A table that was never written to has no page, one that was never analyzed no count.
const WRITTEN_TABLES = `
  select string_agg(oid::regclass::text, ', ') as tables from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'r'
    and relname <> '_prisma_migrations' and (pg_relation_size(oid) > 0 or reltuples >= 0)`

const SEQUENCES = `
  select string_agg(format('alter sequence %s restart', oid::regclass), ';') as statements from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'S'`

/** Everything that statements can have made or changed in a schema, as one text. */
const SCHEMA = `
  select md5(string_agg(entry, ',' order by entry)) as hash from (
    select concat_ws(' ', 'namespace', nspname) as entry from pg_namespace where nspname not like 'pg_%temp%'
    union all
    select concat_ws(' ', 'class', oid, relname, relkind, reloptions, relrowsecurity, relacl) from pg_class
    union all
    select concat_ws(' ', 'attribute', attrelid, attnum, attname, atttypid, atttypmod, attnotnull, atthasdef, attstorage)
      from pg_attribute where attrelid >= 16384
    union all
    select concat_ws(' ', 'constraint', oid, conname, convalidated, pg_get_constraintdef(oid)) from pg_constraint
      where connamespace = 'public'::regnamespace
    union all
    select concat_ws(' ', 'index', indexrelid, indisvalid) from pg_index where indexrelid >= 16384
    union all
    select concat_ws(' ', 'trigger', oid, tgname, tgenabled) from pg_trigger
    union all
    select concat_ws(' ', 'function', oid, proname, prosrc) from pg_proc where oid >= 16384
    union all
    select concat_ws(' ', 'type', oid, typname) from pg_type where oid >= 16384
    union all
    select concat_ws(' ', 'setting', setdatabase, setrole, setconfig) from pg_db_role_setting
    union all
    select concat_ws(' ', 'role', oid, rolname) from pg_roles
    union all
    select concat_ws(' ', 'migration', migration_name, checksum, finished_at, rolled_back_at) from _prisma_migrations
  ) entries`

export async function hashSchema(database: PGlite): Promise<string> {
  const { rows } = await database.query<{ hash: string }>(SCHEMA)
  return rows[0]?.hash ?? ''
}

export async function resetPglite(database: PGlite): Promise<void> {
  // One by one: several in one call are a transaction, which these cannot be part of.
  for (const statement of ['rollback', 'discard all', 'set session_replication_role = replica']) {
    await database.exec(statement)
  }
  const written = await database.query<{ tables: string | null }>(WRITTEN_TABLES)
  const tables = written.rows[0]?.tables
  if (tables) await database.exec(`truncate ${tables} cascade`)
  const sequences = await database.query<{ statements: string }>(SEQUENCES)
  for (const statement of [
    sequences.rows[0]?.statements ?? '',
    'delete from pg_statistic',
    'checkpoint',
    'discard all',
  ]) {
    await database.exec(statement)
  }
}
