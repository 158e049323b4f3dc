import { once } from 'node:events'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { EventStream } from '../../src/server/operations/event.stream.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

const PROTOCOL = 'graphql-transport-ws'

/** A socket without a client library, for what no library would send. */
async function rawSocket(protocol = PROTOCOL, path = '/graphql') {
  const url = new URL(path, app.url)
  url.protocol = 'ws:'
  const socket = new WebSocket(url, protocol)
  await once(socket, 'open')
  return socket
}

test('queries, mutations and subscriptions share one socket', async () => {
  const owner = await app.seed.user()
  await using socket = owner.open()

  const { data } = await socket.run('CreateOrganization', { name: 'Acme' })
  const organization = { id: data.createOrganization.organization.id, owner }
  const space = await app.seed.space(organization)
  const subscription = socket.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  const thread = await app.seed.thread({ organization, messages: 3 })
  await app.seed.link(space, thread)

  let last = await subscription.next()
  while (last?.data.spaceBackfillProgress.status !== 'COMPLETED') last = await subscription.next()
  expect(last.data.spaceBackfillProgress).toMatchObject({
    threadId: thread.id,
    processed: 3,
    total: 3,
    percent: 100,
  })
  expect(await socket.run('Viewer')).toMatchObject({ data: { viewer: { id: owner.userId } } })
  await subscription.stop()
})

test('a subscription to what is over says how it ended, and completes', async () => {
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 2 })
  await app.seed.embedded(owner, backfillId)
  const subscription = owner.subscribe('BackfillProgress', { backfillId })

  const replies = await subscription.rest()

  expect(replies.map(({ data }) => data.backfillProgress.status)).toEqual(['COMPLETED'])
  expect(await subscription.end()).toEqual({ kind: 'completed' })
  await subscription.stop()
})

test('a socket may run a thousand operations at once, and no more', async () => {
  const space = await app.seed.space()
  await using socket = space.owner.open()
  const running = Array.from({ length: 1_000 }, () =>
    socket.subscribe('SpaceBackfillProgress', { spaceId: space.id }),
  )

  const refused = await socket.run('Viewer')
  expect(refused).toFailWith({ code: 'RATE_LIMITED', status: 429, systemMessage: 'Too many operations' })

  await running[0]?.stop()
  await eventually(async () => expect((await socket.run('Viewer')).errors).toBeUndefined())
})

test('leaving a stream leaves its source at once, even while that waits for an event', async () => {
  const left = vi.fn(async () => ({ value: undefined, done: true as const }))
  const source = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined), return: left }),
  }
  const reply = { data: {} }
  const stream = new EventStream(
    source,
    async () => reply,
    () => reply,
  )
  void stream.next()

  await stream.return()

  expect(left).toHaveBeenCalledOnce()
})

test('a client that speaks another protocol is sent away', async () => {
  const url = app.url.replace(/^http/, 'ws')
  const socket = new WebSocket(url, 'graphql-ws')

  const [error] = await once(socket, 'error')

  expect(String(error)).toMatch(/subprotocol/)
})

test('there is no socket at another path', async () => {
  await expect(rawSocket(PROTOCOL, '/elsewhere')).rejects.toThrow('404')
})
