import { Buffer } from 'node:buffer'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Conversation } from '../../src/commands/import.conversation.js'
import { importFiles } from '../../src/commands/import.js'
import { type BadLine, parseConversations } from '../../src/commands/import.readers.js'
import { GatewayStandin } from './gateway.standin.js'
import { MemoryOutput } from './memory.output.js'

const TIME = '2024-05-01T10:00:00.000Z'

describe('reading a backup', () => {
  test('gives the thread with the ids, times and metadata it had, empty messages and agent runs too', async () => {
    const [found, ...others] = await parse(
      thread('a', 2, 1),
      message('m1', 'Hello'),
      message('m2', ''),
      run('r1'),
    )

    expect(others).toEqual([])
    expect(found).toEqual({
      kind: 'conversation',
      source: 'file:1',
      id: 'a',
      title: 'Thread a',
      createdAt: TIME,
      metadata: { customMetadata: { tags: { team: 'blue' } } },
      ownerId: 'user_2',
      projectId: 'proj_1',
      messages: [
        { id: 'm1', role: 'USER', content: 'Hello', createdAt: TIME },
        { id: 'm2', role: 'USER', content: '', createdAt: TIME },
      ],
      agentRuns: [{ id: 'r1', status: 'COMPLETED', startedAt: TIME, finishedAt: TIME }],
    })
  })

  test('gives a long thread in pieces, and its metadata and where it was once', async () => {
    const messages = Array.from({ length: 2_500 }, (_, index) => message(`m${index}`, 'x'))
    const pieces = (await parse(thread('a', 2_500, 1), ...messages, run('r1'))) as Conversation[]

    expect(pieces.map((piece) => piece.messages.length)).toEqual([1_000, 1_000, 500])
    expect(pieces.map(({ piece }) => piece)).toEqual([
      { isFirst: true, isLast: false },
      { isFirst: false, isLast: false },
      { isFirst: false, isLast: true },
    ])
    for (const field of ['metadata', 'ownerId', 'projectId'] as const) {
      expect(pieces.map((piece) => piece[field] !== undefined)).toEqual([true, false, false])
    }
    expect(pieces.map(({ agentRuns }) => agentRuns?.length)).toEqual([undefined, undefined, 1])
  })

  test('gives long messages in small pieces, and holds no more than one', async () => {
    let given = 0
    async function* endless() {
      yield Buffer.from(`${thread('a', 1_000_000, 0)}\n`)
      for (; given < 1_000_000; given++)
        yield Buffer.from(`${message(`m${given}`, 'x'.repeat(1024 * 1024))}\n`)
    }
    const reader = parseConversations(endless(), 'file')

    const first = await reader.next()
    await reader.return(undefined)

    expect(first.value).toMatchObject({ messages: [{ id: 'm0' }, { id: 'm1' }, { id: 'm2' }] })
    expect(given).toBeLessThan(6)
  })

  test('takes several threads and other conversations from one file', async () => {
    const other = JSON.stringify({ id: 'other', messages: [{ role: 'user', content: 'Hi' }] })
    const found = await parse(thread('a', 1, 0), message('m1', 'x'), other, thread('b', 0, 0))

    expect(found.map((entry) => (entry.kind === 'bad' ? entry.reason : entry.id))).toEqual([
      'a',
      'other',
      'b',
    ])
  })

  test('tells when it ends too early, after what there is, and goes on with the next thread', async () => {
    const found = await parse(thread('a', 3, 1), message('m1', 'x'), thread('b', 1, 0), message('m2', 'y'))

    expect(found).toMatchObject([
      { id: 'a', messages: [{ id: 'm1' }] },
      { kind: 'bad', reason: 'the backup of a ends 3 lines too early' },
      { id: 'b', messages: [{ id: 'm2' }] },
    ])
  })

  test('tells of lines without their thread once, and of each that it cannot read', async () => {
    const found = await parse(
      message('m1', 'x'),
      message('m2', 'x'),
      thread('a', 1, 0),
      '{"heddle":"message","id":"m3"}',
      '{"heddle":"thread","version":2}',
      message('m4', 'x'),
    )

    expect(found).toMatchObject([
      { position: 1, reason: expect.stringContaining('the thread of this line is missing') },
      { position: 4, reason: 'not a line of a backup that this version can read' },
      { position: 5, reason: 'not a line of a backup that this version can read' },
      { kind: 'conversation', messages: [{ id: 'm4' }] },
    ])
  })
})

describe('importing a backup', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-import-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  test('sends the pieces of a long thread one after another, and counts it once', async () => {
    await using server = await GatewayStandin.start()
    const lines = [
      thread('long', 3_500, 0),
      ...Array.from({ length: 3_500 }, (_, n) => message(`m${n}`, 'x')),
    ]

    const { summary } = await importLines(server, [thread('before', 0, 0), ...lines, thread('after', 0, 0)])

    expect(summary).toMatchObject({ conversations: 3, imported: 3, messages: 3_500, failed: 0, badLines: 0 })
    const sent = server.store.imports.flatMap(({ threads }) => threads.filter(({ id }) => id === 'long'))
    expect(sent.flatMap(({ messages }) => messages.map(({ id }) => id))).toEqual(
      Array.from({ length: 3_500 }, (_, n) => `m${n}`),
    )
    const again = await importLines(server, lines)
    expect(again.summary).toMatchObject({ conversations: 1, unchanged: 1, messages: 0 })
  })

  test('sends no piece of a thread after one that failed', async () => {
    await using server = await GatewayStandin.start()
    const messages = Array.from({ length: 3_500 }, (_, n) => message(`m${n}`, 'x'))

    const { summary, output } = await importLines(server, [
      thread('poison', 3_500, 0),
      ...messages,
      thread('next', 0, 0),
    ])

    expect(summary).toMatchObject({ conversations: 2, imported: 1, failed: 1 })
    expect(output.lines.filter((line) => line.includes('VALIDATION_ERROR'))).toHaveLength(1)
    expect(server.store.imports).toHaveLength(2)
  })

  test('tells of a thread that is not where it was, which is no failure', async () => {
    await using server = await GatewayStandin.start()
    server.store.withoutReferences = true

    const { summary, output } = await importLines(server, [thread('a', 1, 0), message('m1', 'x')])

    expect(summary).toMatchObject({ imported: 1, failed: 0, badLines: 0 })
    expect(output.text).toContain(':1: a: imported without its project proj_1 and its owner user_2\n')
    expect(server.store.imports[0]?.threads).toMatchObject([{ projectId: 'proj_1', ownerId: 'user_2' }])
  })

  async function importLines(server: GatewayStandin, lines: string[]) {
    const path = join(directory, 'backup.jsonl')
    await writeFile(path, lines.join('\n'))
    const output = new MemoryOutput()
    const request = { files: [path], organizationId: 'org_1', space: null }
    const summary = await importFiles(server.client(), request, output, new AbortController().signal)
    return { summary, output }
  }
})

function thread(id: string, messageCount: number, agentRunCount: number): string {
  const metadata = { customMetadata: { tags: { team: 'blue' } } }
  const place = { ownerId: 'user_2', organizationId: 'org_1', projectId: 'proj_1' }
  const counts = { messageCount, agentRunCount }
  return JSON.stringify({
    heddle: 'thread',
    version: 1,
    id,
    title: `Thread ${id}`,
    metadata,
    createdAt: TIME,
    ...place,
    ...counts,
  })
}

function message(id: string, content: string): string {
  return JSON.stringify({ heddle: 'message', id, role: 'USER', content, createdAt: TIME, sequence: 1 })
}

function run(id: string): string {
  return JSON.stringify({ heddle: 'agentRun', id, status: 'COMPLETED', startedAt: TIME, finishedAt: TIME })
}

async function parse(...lines: string[]): Promise<(Conversation | BadLine)[]> {
  async function* bytes() {
    yield Buffer.from(lines.join('\n'))
  }
  const found: (Conversation | BadLine)[] = []
  for await (const entry of parseConversations(bytes(), 'file')) found.push(entry)
  return found
}
