// The first command of a newcomer: checks Node, installs, builds, and takes the tour. It needs no package to run.
const MINIMUM = [20, 20]

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  console.error(`Heddle needs Node.js ${MINIMUM.join('.')} or later; this is ${process.versions.node}.`)
  console.error(
    'Install a newer one from your system or with a version manager, and run the quickstart again.',
  )
  process.exit(1)
}

// Loaded only now: an old Node would stop at them before it could say why.
const { spawn } = await import('node:child_process')
const { fileURLToPath } = await import('node:url')
const { ensureBuilt, ensureInstalled } = await import('./ensure-built.mjs')

step(
  'Packages',
  ensureInstalled,
  'Look at the lines of npm above: most often the package registry cannot be reached.',
)
step(
  'Build',
  ensureBuilt,
  'Look at the lines of the build above. After a change of branch, remove dist and try again.',
)

const tour = spawn(process.execPath, ['dist/commands/quickstart.command.js', ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
})
// A terminal sends Ctrl-C to both; this one waits until the server has stopped.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => tour.kill('SIGTERM'))
tour.on('exit', (code) => process.exit(code ?? 1))

function step(name, work, advice) {
  const startedAt = Date.now()
  process.once('exit', explain)
  work()
  process.removeListener('exit', explain)
  console.log(`${name}: ready (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`)

  function explain(code) {
    if (code !== 0) console.error(`${name} failed. ${advice}`)
  }
}
