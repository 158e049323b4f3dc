// npm run abuse: each attack of test/abuse at full size against a process with a heap of 512 MB, while another user goes on
// asking; prints what that user waits, quiet and under the attack, and what the process holds afterwards.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const { status } = spawnSync('npx', ['vitest', 'run', 'test/abuse'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, HEDDLE_ABUSE: 'full' },
})
process.exit(status ?? 1)
