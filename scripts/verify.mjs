// Everything that must hold before a change is kept. Steps that do not wait for one another run side by side; stops at
// the first failure, names it, and shows what it printed.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureInstalled } from './ensure-built.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const running = new Set()

await timed('install', () => ensureInstalled())
await run('generate')
await Promise.all([
  run('lint'),
  // What was generated is read by the others meanwhile.
  run('typecheck').then(() => run('build', '--', '--no-generate')),
])
await run('test')

function run(step, ...words) {
  return timed(step, async () => {
    // Only the tests have something to say as they go.
    const { status, output } = await npm(
      step === 'test' ? 'inherit' : 'pipe',
      'run',
      '--silent',
      step,
      ...words,
    )
    if (status === 0) return
    console.error(output)
    console.error(`verify: ${step} failed (npm run ${step})`)
    for (const child of running) child.kill()
    process.exit(status || 1)
  })
}

function npm(stdio, ...words) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === 'win32'
    const child = spawn('npm', words, { cwd: ROOT, stdio: ['ignore', stdio, stdio], shell })
    running.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    child.once('error', reject)
    child.once('close', (status) => {
      running.delete(child)
      resolve({ status, output })
    })
  })
}

async function timed(name, work) {
  const start = performance.now()
  console.log(`verify: ${name} …`)
  await work()
  console.log(`verify: ${name} took ${((performance.now() - start) / 1000).toFixed(1)} s`)
}
