import { createHash } from 'node:crypto'

/** Location of a backup, and the size and checksum that reading it must yield. */
export interface WrittenBackup {
  /** opaque; only the store that returned it can read it */
  location: string
  lines: number
  /** SHA-256 of the whole backup, hexadecimal */
  sha256: string
}

/** Stores files of text lines permanently, outside the database. */
export interface BackupStore {
  /** The location that a backup with this name will have. */
  locate(name: string): string
  /** Writes the whole backup durably, or nothing. Keeps one chunk in memory at a time. */
  write(name: string, lines: AsyncIterable<string>): Promise<WrittenBackup>
  read(location: string): AsyncIterable<Buffer>
  /** Idempotent: a missing backup counts as removed. */
  remove(location: string): Promise<void>
  /** Removes unfinished uploads of writers that were killed. Uploads still in progress stay. */
  removeUnfinished(): Promise<void>
}

const NAME = /^[A-Za-z0-9][\w-]{0,127}\.jsonl$/
const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

/** A name must never be a path: otherwise a backup could be written outside the store. */
export function requireBackupName(name: string): string {
  if (!NAME.test(name))
    throw new Error('The name of a backup may contain letters, digits, "_" and "-", and must end in .jsonl.')
  return name
}

export function locationOf(scheme: string, name: string): string {
  return `${scheme}:${name}`
}

/** The name part of a location returned by a store with this scheme. */
export function nameIn(scheme: string, location: string): string {
  if (!location.startsWith(`${scheme}:`)) throw new Error('The backup is in another kind of store.')
  return requireBackupName(location.slice(scheme.length + 1))
}

/** Counts the lines in the bytes it sees and computes their checksum. */
export class LineTally {
  lines = 0
  readonly #hash = createHash('sha256')

  add(chunk: Buffer): void {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) this.lines += 1
    this.#hash.update(chunk)
  }

  /** Call once, at the end. */
  finish(): { lines: number; sha256: string } {
    return { lines: this.lines, sha256: this.#hash.digest('hex') }
  }
}

/** Encodes lines into chunks large enough for one call each; `tally` sees each chunk before it is yielded. */
export async function* encodeLines(lines: AsyncIterable<string>, tally: LineTally): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let bytes = 0
  const take = (): Buffer => {
    const chunk = Buffer.concat(parts)
    tally.add(chunk)
    parts = []
    bytes = 0
    return chunk
  }
  for await (const line of lines) {
    const part = Buffer.from(`${line}\n`)
    parts.push(part)
    bytes += part.length
    if (bytes >= CHUNK_BYTES) yield take()
  }
  if (bytes > 0) yield take()
}

/** Verifies a backup: reads it back and compares size, lines and checksum. */
export async function isIntact(
  store: BackupStore,
  { location, ...expected }: WrittenBackup,
): Promise<boolean> {
  const tally = new LineTally()
  for await (const chunk of store.read(location)) tally.add(chunk)
  const { lines, sha256 } = tally.finish()
  return lines === expected.lines && sha256 === expected.sha256
}
