import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { importFiles } from '../../src/commands/import.js'
import { UsageError } from '../../src/commands/import.organization.js'
import { describeSummary, isComplete } from '../../src/commands/import.summary.js'
import { type Answer, GatewayStandin, reply } from './gateway.standin.js'
import { conversation, run, writeLines } from './import.run.fixture.js'
import { MemoryOutput } from './memory.output.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-import-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('conversations are imported into the personal organization, and a second time nothing is', async () => {
  await using server = await GatewayStandin.start()
  server.store.organizations.push({ id: 'org_team', name: 'Team' })
  const files = [await file(conversation('a', 2), conversation('b', 3))]

  const first = await run(server, { files })
  const second = await run(server, { files })

  expect(first.summary).toMatchObject({ conversations: 2, imported: 2, messages: 5, unchanged: 0, failed: 0 })
  expect(second.summary).toMatchObject({ conversations: 2, imported: 0, messages: 0, unchanged: 2 })
  expect(isComplete(first.summary)).toBe(true)
  expect([...server.store.threads.values()].map(({ organizationId }) => organizationId)).toEqual([
    'org_2',
    'org_2',
  ])
})

test('what was added to a conversation is all that a second import brings', async () => {
  await using server = await GatewayStandin.start()
  await run(server, { files: [await file(conversation('a', 2))] })

  const { summary } = await run(server, { files: [await file(conversation('a', 5))] })

  expect(summary).toMatchObject({ imported: 1, messages: 3 })
})

test('an organization that is named is imported into', async () => {
  await using server = await GatewayStandin.start()
  server.store.organizations.push({ id: 'org_a', name: 'A' }, { id: 'org_b', name: 'B' })
  const files = [await file(conversation('a', 1))]

  const { summary } = await run(server, { files, organizationId: 'org_b' })

  expect(summary).toMatchObject({ imported: 1, organization: { id: 'org_b', name: 'B' } })
})

test('a file that is not there is a usage error before anything is sent', async () => {
  await using server = await GatewayStandin.start()

  await expect(run(server, { files: [join(directory, 'none.jsonl')] })).rejects.toThrow(UsageError)
  expect(server.requests).toBe(0)
})

test('a call names at most 1,000 threads and 1,000 messages, and a longer thread comes in parts, in order', async () => {
  await using server = await GatewayStandin.start()
  const lines = [
    ...Array.from({ length: 700 }, (_, index) => conversation(`small-${index}`, 2)),
    conversation('long', 2500),
  ]

  const { summary } = await run(server, { files: [await file(...lines)] })

  const sizes = server.store.imports.map(({ threads }) => threads.flatMap(({ messages }) => messages).length)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1000)
  expect(summary).toMatchObject({ imported: 701, messages: 3900 })
  const long = server.store.imports.flatMap(({ threads }) => threads.filter(({ id }) => id === 'long'))
  expect(long.map(({ messages }) => messages[0]?.content)).toEqual([
    'Message 0',
    'Message 1000',
    'Message 2000',
  ])
})

test('a call stays small enough for the server, however long its messages are', async () => {
  await using server = await GatewayStandin.start()
  const text = 'x'.repeat(1_000_000)
  const lines = Array.from({ length: 15 }, (_, index) => conversation(`large-${index}`, 1, text))

  await run(server, { files: [await file(...lines)] })

  const sizes = server.store.imports.map((call) => JSON.stringify(call).length)
  expect(Math.max(...sizes)).toBeLessThan(4 * 1024 * 1024)
  expect(sizes).toHaveLength(5)
})

test('two calls are on their way at a time', async () => {
  await using server = await GatewayStandin.start()
  const held: (() => void)[] = []
  const hold: Answer = (_request, response) => {
    held.push(() => reply(response, 200, { data: { importThreads: { results: [] } } }))
    if (held.length === 2) for (const release of held) release()
  }
  server.answers.push(hold, hold)
  const lines = Array.from({ length: 4 }, (_, index) => conversation(`thread-${index}`, 900))

  await run(server, { files: [await file(...lines)], organizationId: 'org_1' })

  expect(server.mostInFlight).toBe(2)
})

test('a thread that another tenant has fails alone', async () => {
  await using server = await GatewayStandin.start()
  await run(server, { files: [await file(conversation('theirs', 1))], organizationId: 'org_theirs' })
  const path = await file(conversation('mine', 1), conversation('theirs', 1))

  const { summary, output } = await run(server, { files: [path], organizationId: 'org_mine' })

  expect(summary).toMatchObject({ imported: 1, failed: 1 })
  expect(output.lines).toContain(`${path}:2: theirs: CONFLICT: The id is in use`)
})

test('a thread for which the server refuses a whole call does not take the others along', async () => {
  await using server = await GatewayStandin.start()
  const path = await file(...['a', 'b', 'poison', 'c'].map((id) => conversation(id, 1)))

  const { summary, output } = await run(server, { files: [path] })

  expect(summary).toMatchObject({ imported: 3, failed: 1 })
  expect(output.lines).toContain(`${path}:3: poison: VALIDATION_ERROR: Poisoned`)
})

test('a wrong key ends the import', async () => {
  await using server = await GatewayStandin.start()
  const request = { files: [await file(conversation('a', 1))], organizationId: 'org_1', space: null }
  const importing = importFiles(
    server.client('wrong key'),
    request,
    new MemoryOutput(),
    new AbortController().signal,
  )

  await expect(importing).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('a stopped import waits for what is on its way and sums up', async () => {
  await using server = await GatewayStandin.start()
  const stopped = new AbortController()
  server.answers.push((_request, response) => {
    stopped.abort()
    const imported = { status: 'IMPORTED', importedMessageCount: 900, notRestored: [], error: null }
    const results = [{ threadId: 'thread-0', ...imported }]
    reply(response, 200, { data: { importThreads: { results } } })
  })
  const lines = Array.from({ length: 500 }, (_, index) => conversation(`thread-${index}`, 900))
  const request = { files: [await file(...lines)], organizationId: 'org_1', space: null }

  const summary = await importFiles(server.client(), request, new MemoryOutput(), stopped.signal)

  expect(summary).toMatchObject({ stopped: true })
  expect(summary.imported).toBeGreaterThan(0)
  expect(summary.imported).toBeLessThan(500)
  expect(describeSummary(summary)).toMatch(/^Stopped\. /)
})

function file(...lines: string[]): Promise<string> {
  return writeLines(directory, lines)
}
