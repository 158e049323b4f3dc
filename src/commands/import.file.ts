import { TextDecoder } from 'node:util'

/** What a file is by its first bytes: its encoding, and whether conversations are its lines or all of it is one JSON. */

/** The file as a whole cannot be imported; its message says what it is. */
export class FileError extends Error {
  override readonly name = 'FileError'
}

const ACCEPTED = 'import JSON lines, a JSON file of conversations, or the backup of a thread'
const COMPRESSED = 'a compressed file: unpack it first'

const SIGNATURES: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a ZIP archive: unpack it, and import the conversations.json in it'],
  ['PK\x05\x06', 'an empty ZIP archive'],
  ['\x1f\x8b', 'a gzip file: unpack it first (gunzip)'],
  ['BZh', COMPRESSED],
  ['\xfd7zXZ\0', COMPRESSED],
  ['\x28\xb5\x2f\xfd', COMPRESSED],
  ['7z\xbc\xaf\x27\x1c', COMPRESSED],
  ['Rar!', COMPRESSED],
  ['%PDF-', `a PDF; ${ACCEPTED}`],
  ['SQLite format 3\0', `a SQLite database; ${ACCEPTED}`],
  ['PAR1', `a Parquet file; ${ACCEPTED}`],
]
const UTF_16: readonly (readonly [string, string])[] = [
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
]

const SIGNATURE_BYTES = 16
/** As far as is looked for where the JSON of a file begins. */
const HEAD_BYTES = 64 * 1024
const QUOTED_CHARACTERS = 40

/** The bytes of a file as UTF-8, whatever Unicode it is in. Throws FileError when it is not text. */
export async function* readUtf8(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Buffer | null = Buffer.alloc(0)
  let decoder: TextDecoder | null = null
  for await (const chunk of source) {
    if (start !== null) {
      start = Buffer.concat([start, chunk])
      if (start.length < SIGNATURE_BYTES) continue
      decoder = decoderOf(start)
      yield decode(decoder, start)
      start = null
    } else yield decode(decoder, chunk)
  }
  if (start !== null) {
    decoder = decoderOf(start)
    yield decode(decoder, start)
  }
  yield decode(decoder, null)
}

function decoderOf(start: Buffer): TextDecoder | null {
  const text = start.toString('latin1')
  const known = SIGNATURES.find(([signature]) => text.startsWith(signature))
  if (known) throw new FileError(known[1])
  const encoding = UTF_16.find(([mark]) => text.startsWith(mark))
  return encoding ? new TextDecoder(encoding[1], { fatal: true }) : null
}

/** null: the end. */
function decode(decoder: TextDecoder | null, chunk: Uint8Array | null): Uint8Array {
  if (decoder === null) return chunk ?? Buffer.alloc(0)
  try {
    return Buffer.from(chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode())
  } catch {
    throw new FileError('text in UTF-16 that is broken')
  }
}

/**
 * The begin of a file, read as far as it takes to know, and whether all of it is one JSON array or object. Throws
 * FileError when no JSON is near its begin.
 */
export async function readHead(
  bytes: AsyncIterator<Uint8Array>,
): Promise<{ bytes: Uint8Array[]; isDocument: boolean }> {
  const head: Uint8Array[] = []
  let text = ''
  while (text.length < HEAD_BYTES) {
    const next = await bytes.next()
    if (next.done) break
    head.push(next.value)
    text += Buffer.from(next.value).toString('latin1')
    const isDocument = recogniseHead(text)
    if (isDocument !== null) return { bytes: head, isDocument }
  }
  requireJsonLines(text)
  return { bytes: head, isDocument: false }
}

/** null: more must be read. The first line of an object that is written over several ends inside it. */
function recogniseHead(text: string): boolean | null {
  if (text.includes('\0')) throw new FileError(`binary data; ${ACCEPTED}`)
  const begin = withoutBlank(text)
  if (begin.startsWith('[')) return true
  const end = begin.startsWith('{') ? begin.indexOf('\n') : -1
  return end === -1 ? null : /[{[,:]$/.test(begin.slice(0, end).trimEnd())
}

function requireJsonLines(text: string): void {
  const begin = withoutBlank(text)
  if (begin === '') throw new FileError('an empty file')
  if (/^[ \t]*\{/m.test(begin)) return
  const line = Buffer.from(begin, 'latin1').toString().split('\n', 1)[0] ?? ''
  const quoted = JSON.stringify(line.slice(0, QUOTED_CHARACTERS).trimEnd())
  throw new FileError(`not JSON, but begins with ${quoted}; ${ACCEPTED}`)
}

function withoutBlank(text: string): string {
  return text.replace(/^(?:\xef\xbb\xbf)?[ \t\r\n]*/, '')
}
