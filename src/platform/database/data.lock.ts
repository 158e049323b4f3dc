import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readProcessStart } from './process.start.js'

/**
 * Ensures that one process at a time uses a data directory: two would silently lose each other's writes.
 *
 * The lock is the file `lock.<number>` with the highest number. To acquire it, a process creates the file with the next
 * number, which only one can. Numbers never fall, so a process with outdated information cannot acquire a lock that
 * another one has acquired since.
 */

interface LockContent {
  /** null: released */
  pid: number | null
  /** distinguishes a process from a later one with the same pid; null if the system does not provide it */
  started: string | null
  /** URL of the process, once it listens */
  url?: string
}

export interface DataLock {
  /** Publishes this process's URL to other processes. */
  announce(where: { url: string }): Promise<void>
  release(): Promise<void>
}

export interface DataLockOwner {
  pid: number
  url?: string
}

/** Another running process uses the data directory. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError'

  constructor(
    readonly directory: string,
    readonly owner: DataLockOwner,
  ) {
    const where = owner.url === undefined ? '' : ` at ${owner.url}`
    super(
      `The data directory ${directory} is in use by process ${owner.pid}${where}. ` +
        'Stop that process, or set DATA_DIR to another directory.',
    )
  }
}

/** Acquires the directory's lock; creates the directory if missing. Throws DataDirectoryInUseError if it is locked. */
export async function acquireDataLock(dataDir: string): Promise<DataLock> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  for (;;) {
    const last = highestNumber(dataDir)
    const owner = readDataLock(dataDir)
    if (owner) throw new DataDirectoryInUseError(dataDir, owner)
    const path = lockPath(dataDir, last + 1)
    const content: LockContent = { pid: process.pid, started: readProcessStart(process.pid) }
    if (!(await create(path, content))) continue
    if (highestNumber(dataDir) > last + 1) {
      // Others created higher numbers since the directory was read: the file created here is outdated.
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

/** The running process that owns the directory's lock, if any. */
export function readDataLock(dataDir: string): DataLockOwner | null {
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
    // EPERM: the process runs as another user.
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
  // A power failure can leave the file empty. Its process is gone then.
  return text.startsWith('{') ? JSON.parse(text) : null
}

/** False if the file exists. Its name and content appear atomically: no process reads a partial file. */
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
