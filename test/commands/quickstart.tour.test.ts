import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readConversations } from '../../src/commands/import.readers.js'
import { LOG_TITLE, teamLog } from '../../src/commands/quickstart.log.js'
import { Tour, TourError } from '../../src/commands/quickstart.tour.js'
import { GatewayStandin } from './gateway.standin.js'
import { MemoryOutput } from './memory.output.js'

const SAMPLES = fileURLToPath(new URL('../../assets/sample-conversations.jsonl', import.meta.url))

test('the tour shows every step, and leaves a space with the sample conversations', async () => {
  await using server = await GatewayStandin.start()

  const output = await take(server)

  const steps = output.lines.filter((line) => line.startsWith('['))
  expect(steps.map((line) => line.slice(0, 5))).toEqual([
    '[1/7]',
    '[2/7]',
    '[3/7]',
    '[4/7]',
    '[5/7]',
    '[6/7]',
    '[7/7]',
  ])
  expect(output.text).toContain('1,200 vectors removed; vectorCount of the thread: 0')
  expect(output.text).toContain('Embed: 1200 embedded, 0 skipped, 0 failed')
  expect(output.text).toContain('receipt audit_1')
  expect(server.store.spaces).toMatchObject([{ name: 'Team memory' }])
  expect(server.store.backfills.size).toBe(39)
  expect([...server.store.backfills.values()].map(({ status }) => status)).not.toContain('QUEUED')
})

test('the tour can be taken again', async () => {
  await using server = await GatewayStandin.start()
  await take(server)

  const output = await take(server)

  expect(output.text).toContain('39 conversations had been imported before')
  expect(server.store.spaces).toHaveLength(1)
  expect(server.store.organizations).toHaveLength(1)
})

test('a step that fails is named', async () => {
  await using server = await GatewayStandin.start()
  server.store.ending = 'FAILED'

  await expect(take(server)).rejects.toThrow(TourError)
  await expect(take(server)).rejects.toThrow(/^Step 3 \(Add it to the space/)
})

test('a stopped tour takes no further step', async () => {
  await using server = await GatewayStandin.start()
  const output = new MemoryOutput()
  await tour(server, output, AbortSignal.abort()).run()

  expect(output.text).toBe('')
  expect(server.store.threads.size).toBe(0)
})

test('the sample conversations can all be read, and differ', async () => {
  const ids = new Set<string>()
  for await (const found of readConversations(SAMPLES)) {
    expect(found).toMatchObject({ kind: 'conversation', title: expect.any(String) })
    if (found.kind === 'conversation') ids.add(found.id)
  }

  expect(ids.size).toBe(40)
})

test('the long thread is the same at every run and has each event once, in the order of time', () => {
  const log = teamLog(20_000, 'org_1')
  const events = log.messages.filter(({ content }) => !content.startsWith('Day '))
  const times = log.messages.map(({ createdAt }) => createdAt)

  expect(log).toEqual(teamLog(20_000, 'org_1'))
  expect(log).toMatchObject({ title: LOG_TITLE })
  expect(new Set(events.map(({ content }) => content)).size).toBe(8)
  expect(events).toHaveLength(8)
  expect(times).toEqual(times.toSorted())
})

async function take(server: GatewayStandin): Promise<MemoryOutput> {
  const output = new MemoryOutput()
  await tour(server, output, new AbortController().signal).run()
  return output
}

function tour(server: GatewayStandin, output: MemoryOutput, signal: AbortSignal): Tour {
  return new Tour(server.client(), output, { samples: SAMPLES, logMessages: 1200 }, signal)
}
