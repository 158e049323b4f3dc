// Builds dist: Prisma's client, unless it was just generated, the compiled server, and GraphiQL's page.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { hashSources, markBuilt } from './ensure-built.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
// Taken first: what is changed during the build is not in it.
const sources = hashSources()

if (!process.argv.includes('--no-generate')) run('scripts/generate.mjs')
rmSync(`${ROOT}/dist`, { recursive: true, force: true })
// Types are checked by `npm run typecheck`, which takes longer than all of this step.
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--noCheck')
run('node_modules/vite/bin/vite.js', 'build', 'graphiql', '--logLevel', 'warn')
markBuilt(sources)

function run(...words) {
  const { status } = spawnSync(process.execPath, words, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
