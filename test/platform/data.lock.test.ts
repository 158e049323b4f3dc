import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  acquireDataLock,
  DataDirectoryInUseError,
  readDataLock,
} from '../../src/platform/database/data.lock.js'

const STARTERS = 4
const ROUNDS = 3

let folder: string
let dataDir: string
const children = new Set<ChildProcess>()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-lock-'))
  dataDir = join(folder, 'data')
})
afterEach(async () => {
  for (const child of children) await kill(child)
  children.clear()
  await rm(folder, { recursive: true })
})

/** A process that takes the lock when told to, and holds it until it is killed. */
async function startProcess(): Promise<ChildProcess> {
  const child = fork(new URL('../support/lock.process.mjs', import.meta.url), [dataDir])
  children.add(child)
  await once(child, 'message')
  return child
}

/** 'taken', or the message of the error. */
async function take(child: ChildProcess): Promise<string> {
  const reply = once(child, 'message')
  child.send('take')
  const [answer] = await reply
  return answer
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

test('a directory that is missing is made, for its owner only', async () => {
  const lock = await acquireDataLock(dataDir)

  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
  await lock.release()
})

test('a directory that a running process holds is refused, with its pid, its address and what to do', async () => {
  const owner = await startProcess()
  expect(await take(owner)).toBe('taken')

  const refused = acquireDataLock(dataDir)

  await expect(refused).rejects.toBeInstanceOf(DataDirectoryInUseError)
  await expect(refused).rejects.toThrow(
    `The data directory ${dataDir} is in use by process ${owner.pid} at http://localhost:4000. ` +
      'Stop that process, or set DATA_DIR to another directory.',
  )
  expect(readDataLock(dataDir)).toEqual({ pid: owner.pid, url: 'http://localhost:4000' })
})

test('a directory whose process was killed is free', async () => {
  const owner = await startProcess()
  await take(owner)
  await kill(owner)

  expect(readDataLock(dataDir)).toBeNull()
  const lock = await acquireDataLock(dataDir)
  expect(readDataLock(dataDir)).toEqual({ pid: process.pid })
  await lock.release()
})

test('a directory that was given back is free', async () => {
  const lock = await acquireDataLock(dataDir)
  await expect(acquireDataLock(dataDir)).rejects.toThrow(`in use by process ${process.pid}`)
  await lock.release()

  expect(readDataLock(dataDir)).toBeNull()
  const again = await acquireDataLock(dataDir)
  await again.release()
})

test.runIf(process.platform === 'linux')(
  'a later process with the pid of a dead one is not taken for it',
  async () => {
    await (await acquireDataLock(dataDir)).release()
    await writeFile(join(dataDir, 'lock.9'), JSON.stringify({ pid: process.pid, started: 'another boot/1' }))

    expect(readDataLock(dataDir)).toBeNull()
    const lock = await acquireDataLock(dataDir)
    await lock.release()
  },
)

test('a lock file that a loss of power left empty does not keep anybody out', async () => {
  await (await acquireDataLock(dataDir)).release()
  await writeFile(join(dataDir, 'lock.9'), '')

  const lock = await acquireDataLock(dataDir)
  await lock.release()
})

test('of processes that start at once, exactly one gets a directory that a dead one held', async () => {
  const starters = await Promise.all(Array.from({ length: STARTERS + ROUNDS }, startProcess))
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(starters.map(take))

    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1)
    const winner = starters[answers.indexOf('taken')]
    expect(readDataLock(dataDir)?.pid).toBe(winner?.pid)
    if (winner) await kill(winner)
    starters.splice(starters.indexOf(winner as ChildProcess), 1)
  }
})

test('nothing but the newest lock file stays behind', async () => {
  for (let count = 0; count < 3; count++) await (await acquireDataLock(dataDir)).release()

  expect(await readdir(dataDir)).toEqual(['lock.3'])
})

test('a directory that does not exist is held by nobody', () => {
  expect(readDataLock(join(folder, 'missing'))).toBeNull()
})
