// Writes schema.graphql from the code, without a database.
import { writeFileSync } from 'node:fs'
import { ensureBuilt } from './ensure-built.mjs'

ensureBuilt()
const { printAppSchema } = await import('../dist/app.resolvers.js')
writeFileSync(new URL('../schema.graphql', import.meta.url), printAppSchema())
