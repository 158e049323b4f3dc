import { randomUUID } from 'node:crypto'
import { migrate, migrationsDirectory } from '../../src/platform/database/migrate.js'
import { administer, openTestPool, TEMPLATE_DATABASE, testServerUrl, urlOf } from './database.js'
import { preparePgliteTemplate } from './pglite.template.js'

/** Migrates once for the whole run: every test file starts from a copy. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  await preparePgliteTemplate()
  const server = testServerUrl()
  return server ? makeTemplateDatabase(server) : undefined
}

async function makeTemplateDatabase(server: string): Promise<() => Promise<void>> {
  const name = `heddle_template_${randomUUID().replaceAll('-', '')}`
  await administer(server, `create database ${name} template template0`)
  const pool = openTestPool(urlOf(server, name))
  await migrate(pool, migrationsDirectory())
  // A database is copied only while nobody is connected to it.
  await pool.end()
  process.env[TEMPLATE_DATABASE] = name
  return () => administer(server, `drop database if exists ${name} with (force)`)
}
