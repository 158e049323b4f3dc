import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILD_MS } from './support/built.server.js'
import { KEYED_CALLS, type KeyedCall } from './support/crash.calls.js'
import { AUDITED, CrashClient, CrashJournal } from './support/crash.client.js'
import { startRandom } from './support/crash.random.js'
import { CrashServer, embeddingsBy } from './support/crash.server.js'
import { KeyedStory } from './support/crash.story.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from './support/embedding.endpoint.js'
import { eventually } from './support/eventually.js'
import { expectInvariants } from './support/invariants.js'
import { Seed } from './support/seed.js'
import { JWT_SECRET } from './support/tokens.js'

const KEY = 'once'
const REUSED = { code: 'CONFLICT', systemMessage: 'Idempotency key reused', details: { idempotencyKey: KEY } }
const DIMENSIONS = 16
const STORIES = 15
const CLIENTS = 3
const KILLS = 4
// A kill comes after so many more stories, and so many milliseconds.
const MOST_STORIES = 3
const MOST_MS = 60
const TEST_MS = 600_000

let embeddings: FakeEmbeddingEndpoint
let server: CrashServer
const signIn = (userId: string, journal = new CrashJournal()) =>
  CrashClient.signIn(server.url, userId, journal)
const seed = new Seed({ as: (userId) => signIn(userId) })

beforeAll(async () => {
  embeddings = await startEmbeddingEndpoint({ dimensions: DIMENSIONS })
  server = await CrashServer.open({ JWT_SECRET, ...embeddingsBy(embeddings) })
  await server.start()
}, BUILD_MS)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await embeddings.close()
})

async function expectDoneOnce({ owner, organizationId, action, expected, effect }: KeyedCall): Promise<void> {
  const { auditEvents } = await owner.must(AUDITED, { organizationId, action })
  expect(auditEvents.edges).toHaveLength(1)
  expect(await effect()).toEqual(expected)
}

describe('a reply that is lost after the commit is given again to the same key, and nothing is done twice', () => {
  test.each(Object.entries(KEYED_CALLS))(
    '%s, with the key as an argument',
    async (_, prepare) => {
      const owner = await seed.user()
      const call = await prepare(seed, owner)
      const { field, otherField } = call
      const lost = await server.crashBeforeReply(owner, `mutation { ${field(KEY)} }`)
      await server.start()
      await expectDoneOnce(call)

      const { data } = await owner.run(`mutation { ${field(KEY)} }`)
      const other = await owner.run(`mutation { ${otherField(KEY)} }`)

      expect(data).toEqual(lost.data)
      expect(other).toFailWith(REUSED)
      await expectDoneOnce(call)
    },
    TEST_MS,
  )

  test(
    'all of them in one request, with the key as a header',
    async () => {
      const owner = await seed.user()
      const calls: KeyedCall[] = []
      for (const prepare of Object.values(KEYED_CALLS)) calls.push(await prepare(seed, owner))
      const caller = owner.with({ 'idempotency-key': KEY })
      const document = `mutation { ${calls.map(({ field }) => field()).join(' ')} }`
      const lost = await server.crashBeforeReply(caller, document)
      await server.start()
      for (const call of calls) await expectDoneOnce(call)

      const { data } = await caller.run(document)
      const others = await caller.run(`mutation { ${calls.map(({ otherField }) => otherField()).join(' ')} }`)

      expect(Object.keys(lost.data)).toEqual(Object.keys(KEYED_CALLS))
      expect(data).toEqual(lost.data)
      expect(others.errors?.map(({ extensions: { systemMessage } }) => systemMessage)).toEqual(
        calls.map(() => REUSED.systemMessage),
      )
      for (const call of calls) await expectDoneOnce(call)
    },
    TEST_MS,
  )
})

test(
  `killed at ${KILLS} random moments, a server does once what its callers repeat until they have a reply`,
  async () => {
    const random = startRandom()
    const journal = new CrashJournal()
    const stories: KeyedStory[] = []
    for (let number = 0; number < STORIES; number++) {
      const owner = await signIn(`user_${number}`, journal)
      stories.push(await KeyedStory.make(seed, owner, number))
    }
    const waiting = [...stories]
    const told: KeyedStory[] = []
    const work = async () => {
      for (let story = waiting.shift(); story; story = waiting.shift()) {
        await story.tell()
        told.push(story)
      }
    }
    const working = Promise.all(Array.from({ length: CLIENTS }, work))
    for (let kills = 0; kills < KILLS; kills++) {
      const before = told.length
      const enough = Math.min(before + random(MOST_STORIES), STORIES)
      await eventually(() => expect(told.length).toBeGreaterThanOrEqual(enough), 5)
      await after(random(MOST_MS))
      await server.kill()
      await server.start()
    }
    await working

    expect(journal.unanswered.size).toBeGreaterThan(0)
    for (const story of stories) await story.expectRepeated()
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    await server.withDatabase(async (pool) => {
      for (const story of stories) await story.expectDoneOnce(pool)
      await journal.expectAudited(pool)
      await expectInvariants(pool)
    })
  },
  TEST_MS,
)
