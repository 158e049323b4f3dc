import { expect, test } from 'vitest'
import { BackfillWatch } from '../../src/commands/backfill.watch.js'
import { UsageError } from '../../src/commands/import.organization.js'
import { chooseSpace, SpaceLinks } from '../../src/commands/import.space.js'
import { eventually } from '../support/eventually.js'
import { GatewayStandin } from './gateway.standin.js'

test('a space is found by its name in the organization, and made once', async () => {
  await using server = await GatewayStandin.start()
  server.store.organizations.push({ id: 'org_1', name: 'One' }, { id: 'org_2', name: 'Two' })
  const foreign = await chooseSpace(server.client(), 'org_2', 'Memory')

  const made = await chooseSpace(server.client(), 'org_1', 'Memory')
  const found = await chooseSpace(server.client(), 'org_1', 'Memory')

  expect(made.id).not.toBe(foreign.id)
  expect(found.id).toBe(made.id)
})

test('of several spaces with the name the caller has to choose one, by its id', async () => {
  await using server = await GatewayStandin.start()
  const organization = { id: 'org_1', name: 'One' }
  const spaces = ['space_a', 'space_b'].map((id) => ({ id, name: 'Memory', organization }))
  server.store.spaces.push(...spaces)

  const choosing = chooseSpace(server.client(), 'org_1', 'Memory')

  await expect(choosing).rejects.toThrow(UsageError)
  await expect(choosing).rejects.toThrow(/--space ID:\n {2}space_a {2}0 threads\n {2}space_b {2}0 threads$/)
  expect(await chooseSpace(server.client(), 'org_1', 'space_b')).toMatchObject({
    id: 'space_b',
    name: 'Memory',
  })
})

test('the id of a space that is not there makes no space of that name', async () => {
  await using server = await GatewayStandin.start()
  const id = `space_${'0'.repeat(26)}`

  await expect(chooseSpace(server.client(), 'org_1', id)).rejects.toThrow(UsageError)
  expect(server.store.spaces).toEqual([])
})

test('every thread is added once, and its backfill is followed to its end', async () => {
  await using server = await GatewayStandin.start()
  store(server, ['a', 2], ['b', 3], ['empty', 0])
  const links = await linksOf(server, ['a', 'b', 'empty'])
  await ended(links.watch)

  expect(links).toMatchObject({ added: 3, present: 0 })
  expect(links.watch.totals).toMatchObject({ open: 0, total: 5, processed: 5, embedded: 5, unfinished: 0 })

  const again = await linksOf(server, ['a', 'b'])
  expect(again).toMatchObject({ added: 0, present: 2 })
})

test('a backfill without any event is asked for', async () => {
  await using server = await GatewayStandin.start()
  store(server, ['silent', 4])
  server.store.lostEvents.add('silent')
  const links = await linksOf(server, ['silent'])

  await ended(links.watch)

  expect(links.watch.totals).toMatchObject({ open: 0, embedded: 4 })
})

test('events are counted, whichever comes first: they or the reply', async () => {
  await using server = await GatewayStandin.start()
  store(server, ['a', 2])
  const watch = new BackfillWatch(server.client(), 'space_1', 60_000)
  const subscribed = server.subscribed()

  await watch.during(async () => {
    await subscribed
    const { backfill } = server.store.resolvers.addThreadToSpace({ spaceId: 'space_1', threadId: 'a' })
    await eventually(() => expect(server.store.backfills.get(backfill.id)?.status).toBe('COMPLETED'))
    const { id, ...state } = backfill
    watch.watch(id, { ...state, status: 'QUEUED' })
    await ended(watch)
  }, reject)

  expect(watch.totals).toMatchObject({ backfills: 1, open: 0, processed: 2, total: 2 })
})

test('a failed backfill is reported', async () => {
  await using server = await GatewayStandin.start()
  store(server, ['a', 2])
  server.store.ending = 'FAILED'
  const links = await linksOf(server, ['a'])

  await ended(links.watch)

  expect(links.watch.totals).toMatchObject({ open: 0, unfinished: 1 })
})

test('a wait can be ended before the backfills are', async () => {
  await using server = await GatewayStandin.start()
  const stopped = new AbortController()
  const watch = new BackfillWatch(server.client(), 'space_1', 60_000)
  const counts = { total: 1, processed: 0, embedded: 0, skipped: 0, failed: 0 }
  watch.watch('bkfl_never', { status: 'QUEUED', ...counts })

  const waiting = watch.finished(() => stopped.abort(), stopped.signal)
  await waiting

  expect(watch.totals.open).toBe(1)
})

test('a watch that cannot listen says why, and goes on', async () => {
  await using server = await GatewayStandin.start()
  const watch = new BackfillWatch(server.client('wrong key'), 'space_1')
  const reasons: unknown[] = []

  await watch.during(
    () => eventually(() => expect(reasons).toHaveLength(1)),
    (error) => void reasons.push(error),
  )

  expect(reasons).toMatchObject([{ code: 'UNAUTHENTICATED' }])
})

function reject(error: unknown): void {
  throw error
}

function store(server: GatewayStandin, ...threads: [string, number][]): void {
  for (const [id, count] of threads) {
    const messages = Array.from({ length: count }, (_, index) => ({
      id: `${id}-${index}`,
      role: 'USER',
      content: 'x',
    }))
    server.store.resolvers.importThreads({ organizationId: 'org_1', threads: [{ id, messages }] })
  }
}

async function linksOf(server: GatewayStandin, threadIds: string[]): Promise<SpaceLinks> {
  const links = new SpaceLinks(server.client(), { id: 'space_1', name: 'Memory' }, 1)
  for (const threadId of threadIds) await links.add(threadId)
  return links
}

function ended(watch: BackfillWatch): Promise<void> {
  return watch.finished(() => undefined, new AbortController().signal)
}
