// Writes .env.example and the README's table of variables from the configuration's schema.
import { readFileSync, writeFileSync } from 'node:fs'
import { ensureBuilt } from './ensure-built.mjs'

ensureBuilt()
const { renderEnvExample, withConfigTable } = await import('../dist/platform/config/config.docs.js')

const readme = new URL('../README.md', import.meta.url)
writeFileSync(new URL('../.env.example', import.meta.url), renderEnvExample())
writeFileSync(readme, withConfigTable(readFileSync(readme, 'utf8')))
