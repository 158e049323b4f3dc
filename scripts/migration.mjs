// Writes the next migration: `npm run migration -- NAME`. What Prisma cannot say is then added to the file by hand.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { diffMigrations, MIGRATIONS } from './schema-diff.mjs'

const name = process.argv[2] ?? ''
if (!/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error(
    'Name the migration in small letters, digits and underscores: npm run migration -- add_thread_color',
  )
  process.exit(1)
}

const sql = await diffMigrations()
if (sql === '') {
  console.log('The migrations and prisma/schema.prisma agree: there is nothing to write.')
} else {
  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const file = join(MIGRATIONS, `${timestamp}_${name}`, 'migration.sql')
  mkdirSync(join(file, '..'))
  writeFileSync(file, `${sql}\n`)
  console.log(`Wrote ${relative(process.cwd(), file)}. Read it before you commit it.`)
}
