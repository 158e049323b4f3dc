import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Runs the tests of one folder with further variables, and exits as they do. */
export function runTests(folder, env, ...flags) {
  const { status } = spawnSync('npx', ['vitest', 'run', folder, ...flags], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, ...env },
  })
  process.exit(status ?? 1)
}

/** The seed that was asked for, or a new one. */
export function seedOf(given) {
  return given ?? String(Math.floor(Math.random() * 1e9))
}
