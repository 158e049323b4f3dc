import { TextDecoder } from 'node:util'

/** Detects a file's encoding, and whether it contains a conversation per line or one JSON document. */

/** The whole file cannot be imported; the message says what it contains. */
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
/** How far to search for the start of the JSON in a file. */
const HEAD_BYTES = 64 * 1024
const QUOTED_CHARACTERS = 40

/** The bytes of a file as UTF-8, from any Unicode encoding. Throws FileError if it is not text. */
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

/** null: end of input */
function decode(decoder: TextDecoder | null, chunk: Uint8Array | null): Uint8Array {
  if (decoder === null) return chunk ?? Buffer.alloc(0)
  try {
    return Buffer.from(chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode())
  } catch {
    throw new FileError('malformed UTF-16 text')
  }
}

/**
 * Reads as much of a file as necessary to tell whether it is one JSON array or object. Throws FileError if there is no JSON
 * near its start.
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

/** null: more must be read. The first line of an object that spans several lines ends inside it. */
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
