import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

test('it runs', async () => {
  const { owner, space, thread, backfillId } = await app.seed.spaceWithThread({ messages: 5 })
  console.log(await app.seed.embedded(owner, backfillId))
  console.log(JSON.stringify(await owner.run('Space', { id: space.id })))
  console.log(JSON.stringify(await owner.run('Thread', { id: 'nope' })), thread.id)
  console.log(app.logs.text())
})
