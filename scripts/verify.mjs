// Everything that must hold before a change is kept, cheapest first; stops at the first failure and names it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './ensure-built.mjs'

const STEPS = ['generate', 'lint', 'typecheck', 'build', 'test']

timed('install', () => ensureInstalled())
for (const step of STEPS) {
  timed(step, () => {
    const { status } = spawnSync('npm', ['run', '--silent', step], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: 'inherit',
      shell: process.platform === 'win32',
    })
    if (status === 0) return
    console.error(`verify: ${step} failed (npm run ${step})`)
    process.exit(status || 1)
  })
}

function timed(name, run) {
  const start = performance.now()
  console.log(`verify: ${name} …`)
  run()
  console.log(`verify: ${name} took ${((performance.now() - start) / 1000).toFixed(1)} s`)
}
