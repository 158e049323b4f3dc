// `npm run bench [-- deletion …]`: how fast Heddle does its work, relative to the minimum that the same database needs
// for it, measured in the same run. On PostgreSQL with BENCH_DATABASE_URL, else on the embedded database, with less data.
import { readdirSync } from 'node:fs'
import { ensureBuilt } from '../scripts/ensure-built.mjs'

const DIRECTORY = new URL('.', import.meta.url)
const SUFFIX = '.bench.mjs'
const known = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort()

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}. There is: ${known.join(', ')}`)
  process.exit(2)
}

ensureBuilt()
for (const name of asked.length > 0 ? asked : known) {
  const { run } = await import(new URL(`${name}${SUFFIX}`, DIRECTORY).href)
  await run()
}
