import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Reply, TestClient } from '../support/client.js'
import { EDIT_MESSAGE, IMPORT_THREADS } from '../support/documents.js'
import type { Seeded, SeededThread } from '../support/seed.js'

let app: TestApp
let organization: Seeded
let thread: SeededThread
let owner: TestClient

beforeAll(async () => {
  app = await startTestApp()
  organization = await app.seed.organization()
  owner = organization.owner
  thread = await app.seed.thread({ organization, messages: ['as it was'] })
})
afterAll(() => app[Symbol.asyncDispose]())

const CHARACTERS = [
  ['NUL', '\0'],
  ['the lone surrogate U+D800', '\ud800'],
  ['the lone surrogate U+DC00', '\udc00'],
] as const

const METADATA = `mutation ($organizationId: ID, $metadata: JSONObject) {
  createThread(input: { organizationId: $organizationId, metadata: $metadata }) { thread { metadata } }
}`

/** Every way in which a text comes in, and what the refusal calls it. */
const WAYS: [string, string, (text: string) => Promise<Reply>][] = [
  ['the name of an organization', 'name', (name) => owner.run('CreateOrganization', { name })],
  ['the name of a project', 'name', (name) => owner.run('CreateProject', { input: within({ name }) })],
  ['the title of a thread', 'title', (title) => owner.run('CreateThread', { input: within({ title }) })],
  ['the name of a space', 'name', (name) => owner.run('CreateSpace', { input: within({ name }) })],
  [
    'the description of a space',
    'description',
    (description) => owner.run('CreateSpace', { input: within({ name: 'Memory', description }) }),
  ],
  [
    'a message',
    'messages[1].content',
    (content) => {
      const messages = ['fine', content].map((text) => ({ role: 'USER', content: text }))
      return owner.run('AppendMessages', { threadId: thread.id, messages })
    },
  ],
  [
    'an edited message',
    'content',
    (content) => owner.run(EDIT_MESSAGE, { messageId: thread.messageIds[0], content }),
  ],
  ['a value in metadata', 'metadata.list[1].deep', (deep) => createWith({ list: [0, { deep }] })],
  ['a key in metadata', 'key in metadata.list[0]', (key) => createWith({ list: [{ [key]: 1 }] })],
  [
    'a query',
    'query',
    (query) =>
      owner.run('query ($query: String!) { searchThreads(query: $query) { edges { cursor } } }', { query }),
  ],
]

describe.each(CHARACTERS)('%s, which the database cannot keep,', (name, character) => {
  test.each(WAYS)('is refused in %s, and the refusal says where', async (_, field, send) => {
    const systemMessage = `Invalid ${field}. It has ${name} at position 3, which cannot be stored.`

    expect(await send(`a😀${character}b`)).toFailWith({
      code: 'VALIDATION_ERROR',
      status: 422,
      systemMessage,
      details: { position: 3 },
    })
  })

  test('is refused in a thread that is imported, and the others go on', async () => {
    const [titled, spoken, noted, fine] = ['titled', 'spoken', 'noted', 'fine'].map((id) => ({
      id: `${id}-${name.replaceAll(' ', '-')}`,
      messages: [] as unknown[],
    })) as [Imported, Imported, Imported, Imported]
    titled.title = character
    spoken.messages = ['fine', character].map((content, index) => ({
      id: `${spoken.id}-${index}`,
      role: 'USER',
      content,
    }))
    noted.metadata = { a: character }

    const { importThreads } = await owner.must(IMPORT_THREADS, {
      organizationId: organization.id,
      threads: [titled, spoken, noted, fine],
    })

    const says = (field: string) => ({
      code: 'VALIDATION_ERROR',
      message: `Invalid ${field}. It has ${name} at position 0, which cannot be stored.`,
    })
    expect(importThreads.results).toMatchObject([
      { status: 'FAILED', error: says('title') },
      { status: 'FAILED', error: says('messages[1].content') },
      { status: 'FAILED', error: says('metadata.a') },
      { status: 'IMPORTED' },
    ])
  })
})

test('nothing of what was refused is there', async () => {
  const { thread: read } = await owner.must('Thread', { id: thread.id })

  expect(read.messages.edges).toMatchObject([{ node: { content: 'as it was' } }])
})

test('a message of 900 KB is refused for one half of a character in it, and comes back whole with both', async () => {
  const long = 'The heddle lifts the warp. '.repeat(34_000)
  const append = (content: string) =>
    owner.run('AppendMessages', { threadId: thread.id, messages: [{ role: 'USER', content }] })

  expect(await append(`${long}\ud83e`)).toFailWith({
    code: 'VALIDATION_ERROR',
    details: { position: long.length },
  })
  const { data } = await append(`${long}\ud83e\uddf5`)
  expect(data.appendMessages.messages[0].content === `${long}🧵`).toBe(true)
})

test('NUL in a filter of the audit trail is a VALIDATION_ERROR too', async () => {
  const document = 'query ($action: String) { auditEvents(action: $action) { edges { cursor } } }'

  expect(await owner.run(document, { action: 'a\0b' })).toFailWith({ code: 'VALIDATION_ERROR', status: 422 })
})

interface Imported {
  id: string
  title?: string
  metadata?: object
  messages: unknown[]
}

function within<Input extends object>(input: Input): Input & { organizationId: string } {
  return { organizationId: organization.id, ...input }
}

function createWith(metadata: object): Promise<Reply> {
  return owner.run(METADATA, { organizationId: organization.id, metadata })
}
