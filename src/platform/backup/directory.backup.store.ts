import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type BackupStore,
  encodeLines,
  LineTally,
  locationOf,
  nameIn,
  requireBackupName,
  type WrittenBackup,
} from './backup.store.js'

const SCHEME = 'directory'
const UNFINISHED = /^[A-Za-z0-9][\w-]*\.jsonl\.[0-9a-f-]{36}\.part$/
// A writer that has written nothing for so long has died.
const MAX_SILENCE_MS = 3_600_000

/** Backups as files in one directory, readable only by this user. */
export class DirectoryBackupStore implements BackupStore {
  constructor(private readonly directory: string) {}

  locate(name: string): string {
    return locationOf(SCHEME, requireBackupName(name))
  }

  async write(name: string, lines: AsyncIterable<string>): Promise<WrittenBackup> {
    const path = join(this.directory, requireBackupName(name))
    await mkdir(this.directory, { recursive: true, mode: 0o700 })
    // Written to a temporary name and then renamed: a crash never leaves a partial backup under its final name.
    let place = `${path}.${randomUUID()}.part`
    try {
      const written = await fill(place, lines)
      await rename(place, path)
      place = path
      await syncDirectory(this.directory)
      return { location: this.locate(name), ...written }
    } catch (error) {
      await rm(place, { force: true })
      throw error
    }
  }

  async *read(location: string): AsyncGenerator<Buffer> {
    yield* createReadStream(join(this.directory, nameIn(SCHEME, location)))
  }

  async remove(location: string): Promise<void> {
    await rm(join(this.directory, nameIn(SCHEME, location)), { force: true })
  }

  async removeUnfinished(): Promise<void> {
    const names = await readdir(this.directory).catch(noneIfMissing)
    for (const name of names.filter((entry) => UNFINISHED.test(entry))) {
      const path = join(this.directory, name)
      // Renamed or removed in the meantime, by its writer or by another node.
      const found = await stat(path).catch(() => null)
      if (found && Date.now() - found.mtimeMs > MAX_SILENCE_MS) await rm(path, { force: true })
    }
  }
}

// The directory is created with the first backup.
function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

async function fill(path: string, lines: AsyncIterable<string>): Promise<Omit<WrittenBackup, 'location'>> {
  const tally = new LineTally()
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of encodeLines(lines, tally)) await file.appendFile(chunk)
    await file.sync()
  } finally {
    await file.close()
  }
  return tally.finish()
}

/** A rename survives a power failure once its directory is synced. Windows does so itself and cannot open directories. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
