import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import type { Conversation } from '../../src/commands/import.conversation.js'
import { parseConversations } from '../../src/commands/import.readers.js'
import { bytewise, chunks, collect, line, parse, readFixture, reasons, spoken } from './import.fixture.js'

test('JSON lines are read with their ids, titles, times and text parts; messages without text are left out', async () => {
  const [refund, parts] = await readFixture('conversations.jsonl')

  expect(refund).toMatchObject({ id: '3f1d2c9a-9a51-4c0e-8a59-0b1f5c1f8a01', title: 'Refund' })
  expect(spoken(refund)).toEqual(['USER: I want my money back.', 'ASSISTANT: It is on its way.'])
  expect((refund as Conversation).messages[0]?.createdAt).toBe('2024-05-01T10:00:00.000Z')
  expect(spoken(parts)).toEqual(['SYSTEM: Be brief.', 'USER: What is\nthis?', 'TOOL: A heddle'])
})

test('a ChatGPT export gives the branch that was seen last, without hidden and empty messages', async () => {
  const [bread, ...others] = await readFixture('chatgpt.json')

  expect(others).toEqual([])
  expect(bread).toMatchObject({
    id: '6631f0a0-0000-8000-a000-000000000001',
    title: 'Bread',
    createdAt: '2024-05-01T10:00:00.500Z',
  })
  expect(spoken(bread)).toEqual(['USER: Why is my bread flat?', 'ASSISTANT: feed(starter)'])
})

test('a ChatGPT tree whose parents run in a circle ends', async () => {
  const node = (parent: string) => ({
    parent,
    children: [],
    message: { author: { role: 'user' }, content: { parts: ['Round'] } },
  })
  const circle = { current_node: 'a', mapping: { a: node('b'), b: node('a') } }

  expect(spoken((await parse(JSON.stringify([circle])))[0])).toEqual(['USER: Round', 'USER: Round'])
})

test('ShareGPT is read as an array and as lines alike', async () => {
  const asArray = await readFixture('sharegpt.json')
  const asLines = await parse(
    '{"id":"QWJhYvA_0","conversations":[{"from":"human","value":"Hello"},{"from":"gpt","value":"Hi"}]}',
  )

  expect(asArray.map(spoken)).toEqual([
    ['USER: Hello', 'ASSISTANT: Hi'],
    ['SYSTEM: Rules', 'TOOL: 42'],
  ])
  expect(asLines).toEqual([{ ...asArray[0], source: 'file:1' }])
})

test('a bad line is reported with its number and reason, and reading continues', async () => {
  const found = await parse(
    [
      line('first'),
      '{"messages": [',
      '{"text": "no messages"}',
      '[1]',
      '{"messages":[{"role":"user"}]}',
      '{"messages":[],"createdAt":"yesterday"}',
      line('last'),
    ].join('\n'),
  )

  expect(found.map((entry) => (entry.kind === 'bad' ? entry.source : entry.title))).toEqual([
    'first',
    'file:2',
    'file:3',
    'file:4',
    'file:5',
    'file:6',
    'last',
  ])
  expect(reasons(found)).toEqual([
    expect.stringContaining('broken JSON'),
    'not a conversation: it has none of "messages", "mapping" and "conversations"',
    'not a JSON object',
    'message 1 has no content that is a text',
    'createdAt is not a time: "yesterday"',
  ])
})

test('a bad element of an array does not hide the next one', async () => {
  const found = await parse(`[{"messages":[{"role":"user"}]}, 7, ${line('good')}]`)

  expect(reasons(found)).toEqual(['message 1 has no content that is a text', 'not a JSON object'])
  expect(found[0]).toMatchObject({ unit: 'element', position: 1, source: 'file: element 1' })
  expect(found[2]).toMatchObject({ title: 'good' })
})

test('broken JSON inside an array ends the file, and says where', async () => {
  const found = await parse(`[${line('good')},\n${line('also good')},\n{"messages": oops}, ${line('lost')}]`)

  expect(found).toHaveLength(3)
  expect(found[2]).toMatchObject({ unit: 'element', position: 3 })
  expect(reasons(found)[0]).toMatch(
    /^broken JSON .*near line 2, byte 150; the rest of the file cannot be read$/,
  )
})

test('a truncated array is reported, after the elements before the end', async () => {
  const found = await parse(`[${line('good')}, {"messages": [`)

  expect(found[0]).toMatchObject({ title: 'good' })
  expect(reasons(found)).toEqual([expect.stringContaining('the file ends inside its JSON')])
})

test.each(['{', '['])('a byte-order mark, CRLF and blank lines before %s do no harm', async (start) => {
  const text =
    start === '[' ? `\ufeff\r\n[\r\n${line('a')}\r\n]\r\n` : `\ufeff\r\n${line('a')}\r\n\r\n${line('b')}`
  const found = await parse(text)

  expect(found.map((entry) => entry.kind)).not.toContain('bad')
  expect(found[0]).toMatchObject({ title: 'a' })
})

test('one byte at a time gives the same as all at once, also inside characters', async () => {
  const text = `${line('Größe 🧵')}\n${line('zwei')}`

  for (const whole of [text, `[${text.replace('\n', ',')}]`]) {
    expect(await collect(parseConversations(bytewise(whole), 'file'))).toEqual(await parse(whole))
  }
})

test('an over-long line is passed over without being kept', async () => {
  const found = await parse([line('short'), line('x'.repeat(500)), line('next')].join('\n'), {
    maxBytes: 200,
  })

  expect(found.map((entry) => entry.kind)).toEqual(['conversation', 'bad', 'conversation'])
  expect(found[1]).toMatchObject({ position: 2, reason: 'the line is longer than 200 bytes' })
})

test('an over-long element ends the file', async () => {
  const found = await parse(`[${line('short')}, ${line('x'.repeat(20_000))}]`, { maxBytes: 9000 })

  expect(reasons(found)).toEqual([expect.stringContaining('the element is longer than 9000 bytes')])
})

test('text that is no UTF-8 is refused instead of being changed', async () => {
  const invalid = Buffer.concat([
    Buffer.from('{"title":"'),
    Buffer.from([0xff]),
    Buffer.from('","messages":[]}'),
  ])

  expect(reasons(await collect(parseConversations(chunks([invalid]), 'file')))).toEqual([
    'the line is not valid UTF-8',
  ])
  expect(
    reasons(await collect(parseConversations(chunks([Buffer.concat([Buffer.from('['), invalid])]), 'file'))),
  ).toEqual([expect.stringContaining('not valid UTF-8')])
})

test('a JSON object over several lines is one conversation', async () => {
  const messages = { title: 'Long', messages: [{ role: 'user', content: 'One' }] }
  const shareGpt = {
    id: 'a',
    conversations: [
      { from: 'human', value: 'Two' },
      { from: 'gpt', value: 'Three' },
    ],
  }

  for (const whole of [messages, shareGpt]) {
    const found = await parse(JSON.stringify(whole, null, 2))
    expect(found).toEqual([{ ...(await parse(JSON.stringify(whole)))[0], source: 'file: element 1' }])
  }
})

test.each([
  ['on one line', 0],
  ['over several lines', 2],
])(
  'conversations under "conversations" are read %s, a bad one among them is reported',
  async (_, indentation) => {
    const list = [...['a', 'b'].map((title) => JSON.parse(line(title))), 7, JSON.parse(line('c'))]
    const whole = { version: 1, exportedBy: { name: 'tool' }, conversations: list, count: 4 }

    const found = await parse(JSON.stringify(whole, null, indentation))

    const titles = found.flatMap((entry) => (entry.kind === 'conversation' ? [entry.title] : []))
    expect(titles).toEqual(['a', 'b', 'c'])
    expect(reasons(found)).toEqual(['not a JSON object'])
  },
)

test('conversations under "conversations" are given as they are read, however many there are', async () => {
  let given = 0
  async function* endless() {
    yield Buffer.from('{\n"conversations": [\n')
    for (; given < 1_000_000; given++) yield Buffer.from(`${line(`number ${given}`)},\n`)
  }
  const reader = parseConversations(endless(), 'file')

  for (let taken = 0; taken < 100; taken++) expect((await reader.next()).done).toBe(false)
  await reader.return(undefined)

  expect(given).toBeLessThan(110)
})

test.each([
  ['lines', '', '\n', ''],
  ['an array', '[', ',', ']'],
])('a file of %s is read only as far as it is asked for', async (_name, open, separator, close) => {
  let given = 0
  async function* endless() {
    yield Buffer.from(open)
    for (; given < 1_000_000; given++) yield Buffer.from(line(`number ${given}`) + separator)
    yield Buffer.from(close)
  }
  const reader = parseConversations(endless(), 'file')

  for (let taken = 0; taken < 100; taken++) expect((await reader.next()).done).toBe(false)
  await reader.return(undefined)

  expect(given).toBeLessThan(110)
})

test('the number of bytes read is reported', async () => {
  let bytes = 0
  const text = `${line('a')}\n${line('b')}\n`
  await parse(text, {
    onRead: (length) => {
      bytes += length
    },
  })

  expect(bytes).toBe(Buffer.byteLength(text))
})
