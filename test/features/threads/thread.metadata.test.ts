import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'

let app: TestApp
let owner: TestClient
let organizationId: string

beforeAll(async () => {
  app = await startTestApp()
  const organization = await app.seed.organization()
  owner = organization.owner
  organizationId = organization.id
})
afterAll(() => app[Symbol.asyncDispose]())

const INVALID = { code: 'VALIDATION_ERROR', status: 422 }
const DOCUMENT = `mutation ($organizationId: ID, $metadata: JSONObject) {
  createThread(input: { organizationId: $organizationId, metadata: $metadata }) { thread { id metadata } }
}`

const create = (metadata: unknown) => owner.run(DOCUMENT, { organizationId, metadata })

/** An object whose JSON has this many bytes. */
function ofSize(bytes: number): Record<string, string> {
  return { a: 'é'.repeat(Math.floor((bytes - 8) / 2)).padEnd(Math.floor((bytes - 8) / 2) + (bytes % 2), 'x') }
}

/** As text, because this deep nothing here could write it. */
function bodyWithDepth(depth: number): string {
  const body = JSON.stringify({ query: DOCUMENT, variables: { organizationId, metadata: 'DEEP' } })
  return body.replace('"DEEP"', `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
}

test('metadata comes back as it was given', async () => {
  const metadata = {
    customMetadata: { tags: { team: 'blue' }, source: 'web' },
    extra: {},
    list: [1, 2.5, -1e20, null, true, { deep: ['é', '😀', '\\u0000', ''] }],
    'key with \n': 'value',
  }

  const { data } = await create(metadata)

  expect(data.createThread.thread.metadata).toEqual(metadata)
  expect((await create(null)).data.createThread.thread.metadata).toEqual({})
})

test.each([
  ['a list', [1]],
  ['a text', 'text'],
  ['a number', 1],
  ['a boolean', true],
])('metadata is an object: %s is refused', async (_, metadata) => {
  expect(await create(metadata)).toFailWith({ code: 'VALIDATION_ERROR', status: 400 })
})

test('metadata has up to 64 KiB of JSON', async () => {
  const largest = ofSize(64 * 1024)
  expect(Buffer.byteLength(JSON.stringify(largest))).toBe(64 * 1024)
  const tooLarge = ofSize(64 * 1024 + 1)

  expect((await create(largest)).errors).toBeUndefined()
  expect(await create(tooLarge)).toFailWith({
    ...INVALID,
    systemMessage: 'Invalid metadata. It must be at most 64 KiB of JSON.',
    details: { length: 64 * 1024 + 1 },
  })
})

test('metadata has up to 100 levels', async () => {
  const send = async (depth: number) => (await owner.post(bodyWithDepth(depth))).json() as Promise<Json>

  expect((await send(100)).errors).toBeUndefined()
  const systemMessage = 'Invalid metadata. It must have at most 100 levels.'
  expect(await send(101)).toFailWith({ ...INVALID, systemMessage })
  for (const depth of [1_000, 10_000]) {
    const refusal = {
      code: 'VALIDATION_ERROR',
      systemMessage: 'The JSON is nested more than 128 levels deep.',
    }
    expect(await send(depth)).toFailWith(refusal)
  }
})

test.each([
  { $time: 'yesterday', $integer: 'abc' },
  { $time: '2026-01-01T00:00:00.000Z' },
  { $integer: 'abc' },
  { inner: [{ $integer: '12' }, { $$time: 'x' }, { $: null }] },
])('metadata is the same in a repeated reply, whatever its names are: %j', async (metadata) => {
  const caller = owner.with({ 'idempotency-key': JSON.stringify(metadata) })
  const send = () => caller.must(DOCUMENT, { organizationId, metadata })

  const first = await send()

  expect(first.createThread.thread.metadata).toEqual(metadata)
  expect(await send()).toEqual(first)
})
