import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')

export interface BuiltPage {
  directory: string
  /** Removes what was built for this call alone. */
  remove(): Promise<void>
}

/** The page of the last build, or else of a build made now beside the sources. */
export async function builtGraphiql(): Promise<BuiltPage> {
  const built = join(ROOT, 'dist/graphiql')
  if (existsSync(join(built, 'index.html'))) return { directory: built, remove: async () => {} }

  const directory = await mkdtemp(join(tmpdir(), 'heddle-graphiql-'))
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')
  // A process of its own: Vitest's NODE_ENV would make it a development build of React.
  const command = [vite, 'build', 'graphiql', '--outDir', directory, '--logLevel', 'warn']
  await promisify(execFile)(process.execPath, command, {
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  return { directory, remove: () => rm(directory, { recursive: true }) }
}
