// npm run fuzz -- --count 100000 --seed 7: sends as many requests and frames that no client would send, made from the
// schema, and looks for a 5xx, an error without its envelope, and a complaint in the log. The seed is printed.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } })
const { status } = spawnSync('npx', ['vitest', 'run', 'test/fuzz', '--testTimeout=7200000'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: {
    ...process.env,
    HEDDLE_FUZZ_COUNT: values.count ?? '100000',
    HEDDLE_FUZZ_SEED: values.seed ?? String(Math.floor(Math.random() * 1e9)),
  },
})
process.exit(status ?? 1)
