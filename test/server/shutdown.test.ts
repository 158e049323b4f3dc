import { expect, test } from 'vitest'
import { startTestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { expectInvariants } from '../support/invariants.js'

test('stopping finishes what is being answered, and then takes nothing more', async () => {
  await using app = await startTestApp()
  const space = await app.seed.space()
  const search = () => space.owner.run('SearchSpace', { spaceId: space.id, query: 'plans' })
  app.embedder.pause()
  const searching = search()
  await eventually(() => expect(app.embedder.inFlight).toBe(1))

  const stopping = app.stop()
  await eventually(() => expect(search()).rejects.toThrow('fetch failed'))
  app.embedder.resume()

  const reply = await searching
  expect(reply).toMatchObject({ status: 200, data: { searchSpace: { edges: [] } } })
  expect(reply.headers.get('connection')).toBe('close')
  await stopping
})

test('a query over WebSocket is answered too, and a subscription loses its socket instead of completing', async () => {
  await using app = await startTestApp()
  const space = await app.seed.space()
  const progress = space.owner.subscribe('SpaceBackfillProgress', { spaceId: space.id })
  await using socket = space.owner.open()
  app.embedder.pause()
  const searching = socket.run('SearchSpace', { spaceId: space.id, query: 'plans' })
  await eventually(() => expect(app.embedder.inFlight).toBe(1))

  const stopping = app.stop()
  app.embedder.resume()

  expect(await searching).toMatchObject({ data: { searchSpace: { edges: [] } } })
  expect(await progress.end()).toMatchObject({ kind: 'closed', code: 1001 })
  await stopping
})

test('an app that was stopped in the middle of its work goes on after a restart', async () => {
  await using app = await startTestApp()
  app.embedder.pause()
  const { owner, backfillId } = await app.seed.spaceWithThread({ messages: 20 })
  await eventually(() => expect(app.embedder.inFlight).toBeGreaterThan(0))
  await app.restart()
  app.embedder.resume()

  const again = await app.as(owner.userId as string)

  expect(await app.seed.embedded(again, backfillId)).toMatchObject({ status: 'COMPLETED', embedded: 20 })
  await expectInvariants(app.pool)
})

test('stopping twice is once', async () => {
  await using app = await startTestApp()

  await Promise.all([app.stop(), app.stop()])

  await expect(app.anonymous().run('{ __typename }')).rejects.toThrow('fetch failed')
})
