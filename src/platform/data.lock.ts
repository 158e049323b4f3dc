import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readProcessStart } from './process.start.js'

/**
 * One process at a time in a data directory: two would silently lose each other's writes.
 *
 * The lock is the file `lock.<number>` with the highest number. To take it is to create the next number, which only
 * one can; numbers never fall, so who looked long ago cannot take what has been taken since.
 */

interface LockContent {
  /** null: it was given back */
  pid: number | null
  /** tells a process from a later one with the same pid; null where the system does not say */
  started: string | null
  /** where the process answers, once it does */
  url?: string
}

export interface DataLock {
  /** Tells others where this process answers. */
  announce(where: { url: string }): Promise<void>
  release(): Promise<void>
}

export interface DataLockHolder {
  pid: number
  url?: string
}

/** The data directory belongs to a process that runs. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError'

  constructor(
    readonly directory: string,
    readonly holder: DataLockHolder,
  ) {
    const where = holder.url === undefined ? '' : ` at ${holder.url}`
    super(
      `The data directory ${directory} is in use by process ${holder.pid}${where}. ` +
        'Stop that process, or set DATA_DIR to another directory.',
    )
  }
}

/** Takes the directory, and makes it where it is missing. Throws DataDirectoryInUseError while another holds it. */
export async function acquireDataLock(dataDir: string): Promise<DataLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  for (;;) {
    const last = highestNumber(dataDir)
    const holder = readDataLock(dataDir)
    if (holder) throw new DataDirectoryInUseError(dataDir, holder)
    const path = lockPath(dataDir, last + 1)
    const content: LockContent = { pid: process.pid, started: readProcessStart(process.pid) }
    if (!(await create(path, content))) continue
    if (highestNumber(dataDir) > last + 1) {
      // Numbers had moved on since they were read, and the one made here is an old one.
      await rm(path, { force: true })
      continue
    }
    await removeUpTo(dataDir, last)
    return {
      announce: ({ url }) => replace(path, { ...content, url }),
      release: () => replace(path, { pid: null, started: null }),
    }
  }
}

/** The running process that holds the directory, if one does. */
export function readDataLock(dataDir: string): DataLockHolder | null {
  const number = highestNumber(dataDir)
  if (number === 0) return null
  const content = read(lockPath(dataDir, number))
  if (content === null || content.pid === null || !isRunning(content.pid, content.started)) return null
  return content.url === undefined ? { pid: content.pid } : { pid: content.pid, url: content.url }
}

function isRunning(pid: number, started: string | null): boolean {
  const now = readProcessStart(pid)
  if (started !== null && now !== null) return now === started
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function lockPath(dataDir: string, number: number): string {
  return join(dataDir, `lock.${number}`)
}

function highestNumber(dataDir: string): number {
  return Math.max(0, ...lockNumbers(dataDir))
}

function lockNumbers(dataDir: string): number[] {
  return ignoring('ENOENT', () => readdirSync(dataDir), []).flatMap((name) => {
    const match = /^lock\.(\d+)$/.exec(name)
    return match ? [Number(match[1])] : []
  })
}

function read(path: string): LockContent | null {
  const text = ignoring('ENOENT', () => readFileSync(path, 'utf8'), '')
  // A loss of power can leave the file empty. Its process is gone then.
  return text.startsWith('{') ? JSON.parse(text) : null
}

/** False when the file exists. It appears with its content: nobody ever reads half of it. */
async function create(path: string, content: LockContent): Promise<boolean> {
  const draft = await writeDraft(path, content)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function replace(path: string, content: LockContent): Promise<void> {
  await rename(await writeDraft(path, content), path)
}

async function writeDraft(path: string, content: LockContent): Promise<string> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, JSON.stringify(content), { mode: 0o600 })
  return draft
}

async function removeUpTo(dataDir: string, last: number): Promise<void> {
  const old = lockNumbers(dataDir).filter((number) => number <= last)
  await Promise.all(old.map((number) => rm(lockPath(dataDir, number), { force: true })))
}

function ignoring<Value, Fallback>(code: string, read: () => Value, fallback: Fallback): Value | Fallback {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return fallback
    throw error
  }
}
