// npm run fuzz -- --count 100000 --seed 7: sends as many requests and frames that no client would send, made from the
// schema, and looks for a 5xx, an error without its envelope, and a complaint in the log. The seed is printed.
import { parseArgs } from 'node:util'
import { runTests, seedOf } from './run-tests.mjs'

const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } })
const env = { HEDDLE_FUZZ_COUNT: values.count ?? '100000', HEDDLE_FUZZ_SEED: seedOf(values.seed) }
runTests('test/fuzz', env, '--testTimeout=7200000')
