/** A line of a file without its line end; `text` is null if it is too long or not UTF-8. */
export interface Line {
  readonly number: number
  readonly text: string | null
  readonly reason: string
}

const NEWLINE = 0x0a

/**
 * Splits bytes into lines and keeps one line in memory at most. A line beyond `maxBytes` is skipped without being buffered,
 * so that a file without line ends cannot fill the memory.
 */
export async function* splitLines(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let number = 1
  let parts: Uint8Array[] = []
  let length = 0
  const keep = (part: Uint8Array): void => {
    length += part.length
    if (length <= maxBytes) parts.push(part)
    else parts = []
  }
  const take = (): Line => {
    const line = decodeLine(number, parts, length > maxBytes, maxBytes)
    number += 1
    parts = []
    length = 0
    return line
  }
  for await (const chunk of source) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end))
      yield take()
      start = end + 1
    }
    if (start < chunk.length) keep(chunk.subarray(start))
  }
  if (length > 0) yield take()
}

function decodeLine(number: number, parts: Uint8Array[], tooLong: boolean, maxBytes: number): Line {
  if (tooLong) return { number, text: null, reason: `the line is longer than ${formatBound(maxBytes)}` }
  try {
    // The decoder also removes a byte-order mark, which only the first line has.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
    return { number, text: text.trim(), reason: '' }
  } catch {
    return { number, text: null, reason: 'the line is not valid UTF-8' }
  }
}

/** A limit in words: "64 MiB", or bytes if it is smaller. */
export function formatBound(bytes: number): string {
  return bytes >= 1024 * 1024 ? `${Math.floor(bytes / 1024 / 1024)} MiB` : `${bytes} bytes`
}
