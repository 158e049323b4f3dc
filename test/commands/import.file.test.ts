import { Buffer } from 'node:buffer'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseConversations } from '../../src/commands/import.readers.js'
import { bytewise, chunks, collect, line, parse, reasons } from './import.fixture.js'

describe('a file that is not of conversations is refused in one line, which says what it is:', () => {
  test.each<[string, Uint8Array | string, RegExp]>([
    [
      'a ZIP',
      Buffer.from('PK\x03\x04\x14\0\0\0\x08\0\n\n\n{', 'latin1'),
      /^a ZIP archive: unpack it, .*conversations\.json/,
    ],
    ['a gz', gzipSync(line('a')), /^a gzip file: unpack it first/],
    ['a PDF', '%PDF-1.7\n1 0 obj\n<<>>\nendobj\n', /^a PDF; import JSON lines/],
    [
      'other binary data',
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 0, 10, 0, 0, 0]),
      /^binary data; import JSON lines/,
    ],
    ['UTF-16 without a mark', Buffer.from(line('a'), 'utf16le'), /^binary data/],
    [
      'Markdown',
      '# Notes\n\nOne line.\n'.repeat(9_000),
      /^not JSON, but begins with "# Notes"; import JSON lines/,
    ],
    ['a JSON text', '"hello"', /^not JSON, but begins with /],
    ['nothing', '', /^an empty file$/],
    ['nothing but blank lines', '\ufeff \r\n\n', /^an empty file$/],
  ])('%s', async (_, content, reason) => {
    const found = await collect(parseConversations(chunks([Buffer.from(content)]), 'file'))

    expect(found).toMatchObject([{ kind: 'bad', unit: 'file', source: 'file' }])
    expect(reasons(found)[0]).toMatch(reason)
  })
})

test('text before the first line of JSON is reported, and the lines are read', async () => {
  const found = await parse(`Exported by a tool\n${line('a')}`)

  expect(found).toMatchObject([{ kind: 'bad', position: 1 }, { title: 'a' }])
})

test.each([
  ['little-endian', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['big-endian', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
])('UTF-16 with a byte-order mark, %s, is read, lines and arrays alike', async (_, encode) => {
  for (const text of [`${line('Größe 🧵')}\n${line('zwei')}`, `[${line('Größe 🧵')}]`]) {
    const bytes = encode(text)
    expect(await collect(parseConversations(chunks([bytes]), 'file'))).toEqual(await parse(text))
    expect(await collect(parseConversations(bytewise(bytes), 'file'))).toEqual(await parse(text))
  }
})

test('broken UTF-16 is refused instead of being changed', async () => {
  const found = await collect(
    parseConversations(chunks([Buffer.from(`\ufeff${line('a')}\ud800`, 'utf16le')]), 'file'),
  )

  expect(reasons(found)).toEqual(['malformed UTF-16 text'])
})

test('a first line that is longer than what is looked at is read whole, in whatever pieces it comes', async () => {
  const whole = Buffer.from(
    `${JSON.stringify({ messages: [{ role: 'user', content: 'long '.repeat(60_000) }] })}\n${line('next')}`,
  )
  const pieces = Array.from({ length: Math.ceil(whole.length / 65_536) }, (_, index) =>
    whole.subarray(index * 65_536, (index + 1) * 65_536),
  )

  const found = await collect(parseConversations(chunks(pieces), 'file'))

  expect(found).toMatchObject([{ messages: [{ content: 'long '.repeat(60_000) }] }, { title: 'next' }])
})
