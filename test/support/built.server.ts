import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The built server, for tests of what only a process of its own shows: signals, exit codes, what is printed. */

const ROOT = join(import.meta.dirname, '../..')
const ENSURE_BUILT = "import { ensureBuilt } from './scripts/ensure-built.mjs'; ensureBuilt()"

/** What a hook that builds may take on a busy machine, in milliseconds. */
export const BUILD_MS = 900_000

/** Builds dist unless it is of these very sources; test files that run side by side build it once. */
export async function buildServer(): Promise<void> {
  // Vitest's NODE_ENV would make it a development build of React.
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', ENSURE_BUILT], {
    cwd: ROOT,
    env,
  })
}

/** The path of a compiled entry, such as `main.js`. */
export function builtEntry(name: string): string {
  return join(ROOT, 'dist', name)
}
