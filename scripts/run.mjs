// Runs a compiled entry, built first when it has to be: node scripts/run.mjs main.js [argument …]
import { ensureBuilt } from './ensure-built.mjs'

const [entry] = process.argv.splice(2, 1)
ensureBuilt()
await import(new URL(`../dist/${entry}`, import.meta.url).href)
