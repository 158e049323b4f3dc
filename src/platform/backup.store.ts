import { createHash } from 'node:crypto'

/** Where a backup stands, and what reading it must give. */
export interface WrittenBackup {
  /** opaque; only the store that gave it can read it */
  location: string
  lines: number
  /** of all its bytes, hexadecimal */
  sha256: string
}

/** Keeps texts of lines outside the database, for good. */
export interface BackupStore {
  /** Where a backup with this name stands once it is written. */
  locate(name: string): string
  /** Writes all of it, safe from a crash, or leaves nothing. Holds a piece of it at a time. */
  write(name: string, lines: AsyncIterable<string>): Promise<WrittenBackup>
  read(location: string): AsyncIterable<Buffer>
  /** What is gone already counts as removed. */
  remove(location: string): Promise<void>
  /** Removes what writers have left that were killed on the way. What is still being written stays. */
  removeUnfinished(): Promise<void>
}

const NAME = /^[A-Za-z0-9][\w-]{0,127}\.jsonl$/
const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

/** A name is a name and never a path, so that nothing is written beside the store. */
export function requireBackupName(name: string): string {
  if (!NAME.test(name))
    throw new Error('A backup has a name of letters, digits, "_" and "-" that ends in .jsonl.')
  return name
}

export function locationOf(scheme: string, name: string): string {
  return `${scheme}:${name}`
}

/** The name in a location that a store with this scheme gave. */
export function nameIn(scheme: string, location: string): string {
  if (!location.startsWith(`${scheme}:`)) throw new Error('The backup stands in another kind of store.')
  return requireBackupName(location.slice(scheme.length + 1))
}

/** Counts the lines of bytes that pass by, and takes their checksum. */
export class LineTally {
  lines = 0
  readonly #hash = createHash('sha256')

  add(chunk: Buffer): void {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) this.lines += 1
    this.#hash.update(chunk)
  }

  /** Once, at the end. */
  finish(): { lines: number; sha256: string } {
    return { lines: this.lines, sha256: this.#hash.digest('hex') }
  }
}

/** The bytes of lines, in chunks that are worth a call each; `tally` has seen each chunk before it is given. */
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

/** Reads a backup back: whether the store gives exactly what it was given. */
export async function isIntact(
  store: BackupStore,
  { location, ...expected }: WrittenBackup,
): Promise<boolean> {
  const tally = new LineTally()
  for await (const chunk of store.read(location)) tally.add(chunk)
  const { lines, sha256 } = tally.finish()
  return lines === expected.lines && sha256 === expected.sha256
}
