import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'

let app: TestApp

beforeAll(async () => {
  const environment = { MAX_REPLY_KIB: '64' }
  app = await startTestApp({ environment })
})
afterAll(() => app[Symbol.asyncDispose]())

async function send(client: TestClient, body: string): Promise<Json> {
  const response = await client.post(body)
  return { status: response.status, ...((await response.json()) as Json) }
}

const withVariable = (json: string) => `{"query":"{ viewer { id } }","variables":{"a":${json}}}`

test.each([
  ['arrays', '['.repeat(100_000)],
  ['objects', '{"a":'.repeat(20_000)],
  ['arrays that are closed', `${'['.repeat(127)}${']'.repeat(127)}`],
])('JSON of %s without end is refused with 400, and is not parsed', async (_, json) => {
  const reply = await send(app.withApiKey(), withVariable(json))

  expect(reply.status).toBe(400)
  expect(reply).toFailWith({ code: 'VALIDATION_ERROR', details: { limit: 128 } })
})

test('brackets in a text are no levels', async () => {
  const text = JSON.stringify(`${'["\\'.repeat(1_000)}`)

  expect(await send(app.withApiKey(), withVariable(text))).toMatchObject({ status: 200 })
})

test.each([
  ['selections', '{ a '.repeat(4_000)],
  ['lists', `{ thread(id: ${'['.repeat(9_000)}`],
  ['types', `query ($a: ${'['.repeat(9_000)}`],
])('a document of nested %s is refused, and is no error of the server', async (_, query) => {
  const reply = await send(app.withApiKey(), JSON.stringify({ query }))

  expect(reply).toFailWith({
    code: 'VALIDATION_ERROR',
    status: 400,
    message: expect.stringMatching(/nested/),
  })
  expect(app.logs.complaints()).toEqual([])
})

test('a reply that is too large is refused, on every transport', async () => {
  const { owner, thread } = await app.seed.spaceWithThread({ messages: 1 })
  await app.seed.messages(thread, ['x'.repeat(40_000)])
  const document = `query ($id: ID!) { thread(id: $id) { a: lastMessage { content } b: lastMessage { content } } }`

  for (const reply of [
    await owner.run(document, { id: thread.id }),
    await owner.runOverWebSocket(document, { id: thread.id }),
  ]) {
    expect(reply).toFailWith({ code: 'VALIDATION_ERROR', status: 422, details: { limit: 65_536 } })
  }
})
