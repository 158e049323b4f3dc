import { createClient } from 'graphql-sse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { TestEventStream } from '../../support/event.stream.js'
import { eventually } from '../../support/eventually.js'
import { documentOf } from '../../support/operations.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ environment: { MAX_STREAMS: '3' } })
})
afterAll(() => app[Symbol.asyncDispose]())

test("the field's client reads a backfill's progress to its end, with ordinary headers", async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 3 })
  const client = createClient({ url: `${app.url}/stream`, headers: owner.headers })

  const statuses: string[] = []
  const events = client.iterate({ query: documentOf('BackfillProgress'), variables: { backfillId } })
  for await (const { data } of events) statuses.push((data as Json).backfillProgress.status)

  expect(statuses.at(-1)).toBe('COMPLETED')
})

test('a query and a mutation are one event and the end', async () => {
  const owner = await app.seed.user()
  await using queried = new TestEventStream(owner)
  const response = await queried.open('{ viewer { id } }')

  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('cache-control')).toContain('no-store')
  expect(await queried.rest()).toEqual([
    { event: 'next', data: { data: { viewer: { id: owner.userId } } } },
    { event: 'complete', data: null },
  ])
  await using created = new TestEventStream(owner)
  await created.open('CreateOrganization', { name: 'Acme' })
  expect((await created.next())?.data.data.createOrganization.organization.name).toBe('Acme')
})

test('what is wrong with a document comes as an event, and what is wrong with a request as its status', async () => {
  const owner = await app.seed.user()
  await using invalid = new TestEventStream(owner)
  await invalid.open('{ nothing }')
  const [refused, end] = await invalid.rest()
  expect(refused?.data).toFailWith({ code: 'VALIDATION_ERROR', status: 400 })
  expect(end?.event).toBe('complete')

  await using denied = new TestEventStream(owner.with({ 'x-api-key': 'hdl_of_nobody' }))
  expect((await denied.open('{ viewer { id } }')).status).toBe(401)
  const unwanted = await owner.post('{}', { accept: 'application/json' })
  expect(unwanted.status).toBe(400)
  const json = await fetch(`${app.url}/stream?query={__typename}`, {
    headers: { ...owner.headers, accept: 'application/json' },
  })
  expect(json.status).toBe(406)
})

test('a subscription that cannot start says why, and ends', async () => {
  const owner = await app.seed.user()
  await using stream = new TestEventStream(owner)
  await stream.open('BackfillProgress', { backfillId: 'bkfl_none' })

  const [refused, end] = await stream.rest()

  expect(refused?.data).toFailWith({ code: 'RESOURCE_NOT_FOUND', status: 404 })
  expect(end?.event).toBe('complete')
})

test('a user has as many streams as are allowed, and another when one has ended', async () => {
  const space = await app.seed.space()
  const streams = [1, 2, 3].map(() => new TestEventStream(space.owner))
  for (const stream of streams) {
    expect((await stream.open('SpaceBackfillProgress', { spaceId: space.id })).status).toBe(200)
  }
  await using next = new TestEventStream(space.owner)

  const refused = await next.open('{ viewer { id } }')
  expect(refused.status).toBe(429)
  expect((await refused.json()) as Json).toFailWith({ code: 'RATE_LIMITED', details: { limit: 3 } })

  await streams[0]?.[Symbol.asyncDispose]()
  await eventually(async () => expect((await next.open('{ viewer { id } }')).status).toBe(200))
  for (const stream of streams) await stream[Symbol.asyncDispose]()
})

test('GET opens a stream for who sends a credential, and runs no mutation', async () => {
  const owner = await app.seed.user()
  const get = (query: string) =>
    fetch(`${app.url}/stream?query=${encodeURIComponent(query)}`, {
      headers: { ...owner.headers, accept: 'text/event-stream' },
    })

  expect(await (await get('{ viewer { id } }')).text()).toContain(`"id":"${owner.userId}"`)
  expect((await get('mutation { createOrganization(name: "A") { organization { id } } }')).status).toBe(405)
})
