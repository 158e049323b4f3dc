// What a command needs before it can run: the packages of package-lock.json in node_modules, and a dist that was built
// from these very sources. Nothing is done when nothing has changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LOCK = join(ROOT, 'package-lock.json')
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json')
const STAMP = join(ROOT, 'dist', '.built')
// Not in the checkout: an installation replaces node_modules, a build replaces dist, and git would see the rest.
const TURN = join(tmpdir(), `heddle-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}.lock`)
const TURN_POLL_MS = 200
// Written by the build itself.
const GENERATED = join(ROOT, 'src', 'generated')
const SOURCES = [
  'src',
  'graphiql',
  'prisma/schema.prisma',
  'scripts/build.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** Runs `npm ci` unless node_modules holds what the lock names. */
export function ensureInstalled() {
  if (!isInstalled()) inTurn(install)
}

/** Runs `npm run build` when dist is missing, or was built from other sources. */
export function ensureBuilt() {
  if (isBuilt()) return
  inTurn(() => {
    if (isBuilt()) return
    install()
    say('Building …')
    npm('run', '--silent', 'build')
  })
}

/** Tells one state of the sources from another. Contents decide, because a checkout changes times and a copy keeps them. */
export function hashSources() {
  const hash = createHash('sha256')
  const add = (path) => {
    if (!existsSync(path) || path === GENERATED) return
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) add(join(path, name))
    } else {
      const content = readFileSync(path)
      hash.update(`${path.slice(ROOT.length)}\0${content.length}\0`).update(content)
    }
  }
  for (const path of SOURCES) add(join(ROOT, path))
  return hash.digest('hex')
}

/** Called at the end of a build: records the hash of the sources that dist was built from. */
export function markBuilt(hash) {
  writeFileSync(STAMP, hash)
}

function isBuilt() {
  if (!existsSync(STAMP)) return false
  // An image for production holds dist without what it was built from.
  return !existsSync(join(ROOT, 'src')) || readFileSync(STAMP, 'utf8') === hashSources()
}

function install() {
  if (isInstalled()) return
  say('Installing packages …')
  npm('ci', '--include=dev', '--no-audit', '--no-fund')
}

// Two commands of one checkout, started side by side, would install and build over one another.
function inTurn(work) {
  while (!takeTurn()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TURN_POLL_MS)
  try {
    work()
  } finally {
    rmSync(TURN, { force: true })
  }
}

function takeTurn() {
  try {
    writeFileSync(TURN, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    // A process that was killed, or that failed, leaves its turn behind.
    if (!isRunning(readTurn())) rmSync(TURN, { force: true })
    return false
  }
}

function readTurn() {
  try {
    // Empty while its process is still writing it.
    return Number(readFileSync(TURN, 'utf8')) || process.pid
  } catch {
    return process.pid
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

// npm writes what it has installed into node_modules, as its last step. Packages for other platforms are not in it.
function isInstalled() {
  if (!existsSync(INSTALLED)) return false
  const wanted = JSON.parse(readFileSync(LOCK, 'utf8')).packages
  const present = JSON.parse(readFileSync(INSTALLED, 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    const installed = present[path]
    if (path === '') return true
    if (installed === undefined) return Boolean(optional)
    return installed.version === version && (integrity === undefined || installed.integrity === integrity)
  })
}

// Goes to standard error, like npm's output: standard output belongs to the command.
function say(line) {
  process.stderr.write(`${line}\n`)
}

function npm(...words) {
  const shell = process.platform === 'win32'
  const { status, error } = spawnSync('npm', words, { cwd: ROOT, stdio: ['ignore', 2, 2], shell })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
