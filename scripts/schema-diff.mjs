// What prisma/migrations still lacks of prisma/schema.prisma, as SQL. Prisma's own schema engine compares, as
// WebAssembly over a PGlite: no native engine to download, no server, no network.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg'
import { PrismaPGlite } from 'pglite-prisma-adapter'

export const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations/', import.meta.url))
const SCHEMA = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url))
const NOTHING = '-- This is an empty migration.'

// The engine takes INCLUDE columns for key columns. The keys are compared without them.
const DROP_INCLUDED_COLUMNS = `
  do $$
  declare
    key record;
  begin
    for key in
      select c.conrelid::regclass as target, c.conname as name, c.contype as type,
             string_agg(quote_ident(a.attname), ', ' order by array_position(c.conkey, a.attnum)) as columns
        from pg_constraint c
        join pg_index i on i.indexrelid = c.conindid and i.indnatts > i.indnkeyatts
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
       where c.contype in ('p', 'u')
       group by c.oid
    loop
      execute format('alter table %s drop constraint %I, add constraint %I %s (%s)', key.target, key.name, key.name,
                     case key.type when 'p' then 'primary key' else 'unique' end, key.columns);
    end loop;
  end $$`

/** The SQL that leads from the migrations to the schema; empty when they agree. */
export async function diffMigrations() {
  const database = await PGlite.create({ extensions: { vector } })
  try {
    const directories = readdirSync(MIGRATIONS, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    )
    for (const name of directories.map((entry) => entry.name).sort()) {
      await database.exec(readFileSync(`${MIGRATIONS}${name}/migration.sql`, 'utf8'))
    }
    await database.exec(DROP_INCLUDED_COLUMNS)
    return await diffToSchema(new PrismaPGlite(database))
  } finally {
    await database.close()
  }
}

async function diffToSchema(adapterFactory) {
  const files = [{ path: SCHEMA, content: readFileSync(SCHEMA, 'utf8') }]
  const schemaEngine = await startEngine(files, adapterFactory)
  try {
    const { stdout } = await schemaEngine.diff({
      from: { tag: 'schemaDatasource', files, configDir: '.' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    })
    const sql = (stdout ?? '').trim()
    return sql === NOTHING ? '' : sql
  } finally {
    schemaEngine.free()
  }
}

/** The package's own entry imports a .wasm file as a module, which Node does not do without a flag. */
async function startEngine(files, adapterFactory) {
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm')
  const bytes = readFileSync(entry.replace(/schema_engine\.js$/, 'schema_engine_bg.wasm'))
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': engine })
  engine.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
  return engine.SchemaEngine.new(
    { datamodels: files.map(({ path, content }) => [path, content]) },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapterFactory),
  )
}
