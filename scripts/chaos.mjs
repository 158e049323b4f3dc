// npm run chaos -- --minutes 30 --seed 7 [--only kill,freeze,terminate,redis]: kills, freezes and disconnects nodes, PostgreSQL's
// backends and Redis under load, and checks every acknowledged write. Needs TEST_DATABASE_URL, TEST_REDIS_URL
// as the tests do, and redis-server, of which it starts its own.
import { parseArgs } from 'node:util'
import { runTests, seedOf } from './run-tests.mjs'

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
})
if (!process.env.TEST_DATABASE_URL || !process.env.TEST_REDIS_URL) {
  console.error('chaos: set TEST_DATABASE_URL and TEST_REDIS_URL to a PostgreSQL and a Redis for tests')
  process.exit(1)
}
runTests('test/chaos', {
  HEDDLE_CHAOS_MINUTES: values.minutes ?? '10',
  HEDDLE_CHAOS_SEED: seedOf(values.seed),
  ...(values.only && { HEDDLE_CHAOS_ONLY: values.only }),
})
