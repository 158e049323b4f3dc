import { setTimeout as after } from 'node:timers/promises'
import type { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUILD_MS } from './support/built.server.js'
import { TestClient } from './support/client.js'
import { startRandom } from './support/crash.random.js'
import { CrashServer, embeddingsBy } from './support/crash.server.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from './support/embedding.endpoint.js'
import { eventually } from './support/eventually.js'
import { expectInvariants } from './support/invariants.js'
import { PatientWatcher } from './support/patient.watcher.js'
import { Seed, type Seeded, type SeededThread } from './support/seed.js'

const API_KEY = 'hdl_key_of_a_server_that_is_killed'
const KILLS = 20
const MESSAGES = 3_000
const DIMENSIONS = 64
const EMBEDDING_MS = 40
// A kill comes after so many calls of the embedder in one life, and so many milliseconds.
const MOST_CALLS = 6
const MOST_MS = 60
const TEST_MS = 600_000

const VECTORS_OF_SPACE = 'select message_id from embedding where store_id = $1 order by message_id'

let endpoint: FakeEmbeddingEndpoint
let server: CrashServer

beforeAll(async () => {
  endpoint = await startEmbeddingEndpoint({ dimensions: DIMENSIONS })
  endpoint.delay(EMBEDDING_MS)
  server = await CrashServer.open({ BOOTSTRAP_API_KEY: API_KEY, ...embeddingsBy(endpoint) })
}, BUILD_MS)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await endpoint.close()
})

/** Appends short messages, one after the other, until the server is gone. @returns what was acknowledged */
async function appendUntilKilled(thread: Seeded, life: number): Promise<string[]> {
  const acknowledged: string[] = []
  for (let number = 0; ; number++) {
    const contents = [`live ${life} ${number} first`, `live ${life} ${number} second`]
    const messages = contents.map((content) => ({ role: 'USER', content }))
    const reply = await thread.owner
      .run('AppendMessages', { threadId: thread.id, messages })
      .catch(() => null)
    if (reply === null) return acknowledged
    expect(reply.errors).toBeUndefined()
    acknowledged.push(...contents)
  }
}

/** Waits until the embedder has been called so many times more, and then so long. */
async function reach(calls: number, milliseconds: number): Promise<void> {
  const before = endpoint.calls.length
  const arrived = () => expect(endpoint.calls.length).toBeGreaterThanOrEqual(before + calls)
  await eventually(arrived, 5)
  await after(milliseconds)
}

test(
  `killed at ${KILLS} random moments of its backfills, a server loses and duplicates nothing, and subscribers receive the end`,
  async () => {
    const random = startRandom()
    const owner = new TestClient(server.url, null, { 'x-api-key': API_KEY })
    const make = new Seed({ as: async () => owner })
    const watchers: PatientWatcher[] = []
    const spaces: Seeded[] = []
    const acknowledged: string[] = []
    const moments: string[] = []

    await server.start()
    const organization = await make.organization(owner)
    const thread: SeededThread = await make.thread({ organization, messages: texts(MESSAGES) })
    const addToAnotherSpace = async (): Promise<PatientWatcher> => {
      const space = await make.space(organization)
      const watcher = new PatientWatcher(server.url, owner.headers, 'BackfillProgress', {
        backfillId: await make.link(space, thread),
      })
      spaces.push(space)
      watchers.push(watcher)
      return watcher
    }

    let watcher = await addToAnotherSpace()
    for (let kills = 0; kills < KILLS; ) {
      if (watcher.isDone) watcher = await addToAnotherSpace()
      const [calls, milliseconds] = [1 + random(MOST_CALLS), random(MOST_MS)]
      const appending = appendUntilKilled(thread, moments.length)
      await reach(calls, milliseconds)
      // Only a kill in the middle of a backfill counts.
      if (!watcher.isDone) kills++
      await server.kill()
      moments.push(`${calls} calls + ${milliseconds} ms`)
      acknowledged.push(...(await appending))
      await server.start()
    }
    const work = `${watchers.length} backfills killed after ${moments.join(', ')}`
    process.stdout.write(`${work}\n`)
    await Promise.all(watchers.map(({ done }) => done))
    await eventually(async () => {
      const { thread: live } = await owner.must('Thread', { id: thread.id })
      for (const { id } of spaces) {
        expect((await owner.must('Space', { id })).space.vectorCount).toBe(live.messageCount)
      }
    })
    expect(await server.stop()).toEqual({ code: 0, signal: null })

    for (const { states } of watchers) expectRising(states)
    expect(Math.max(...watchers.map(({ connections }) => connections))).toBeGreaterThan(1)
    await server.withDatabase(async (pool) => {
      await expectInvariants(pool)
      await expectWhole(pool, thread, acknowledged, spaces)
    })
  },
  TEST_MS,
)

/** What one watcher was told, over all of its connections. */
function expectRising(states: PatientWatcher['states']): void {
  for (const [index, state] of states.entries()) {
    const before = states[index - 1] ?? state
    expect(state.sequence).toBeGreaterThanOrEqual(before.sequence)
    expect(state.processed).toBeGreaterThanOrEqual(before.processed)
  }
  const last = states.at(-1)
  expect(last).toMatchObject({ status: 'COMPLETED', embedded: last.total, skipped: 0, failed: 0 })
}

/** Each message once, those that were acknowledged among them, and one vector of each in each space. */
async function expectWhole(
  pool: Pool,
  thread: SeededThread,
  acknowledged: string[],
  spaces: Seeded[],
): Promise<void> {
  const messages = await pool.query('select id, content from message order by id')
  const contents = new Set(messages.rows.map(({ content }) => content))
  expect(contents.size).toBe(messages.rows.length)
  expect([...texts(MESSAGES), ...acknowledged].filter((content) => !contents.has(content))).toEqual([])
  expect(thread.messageIds).toHaveLength(MESSAGES)
  const ids = messages.rows.map(({ id }) => id)
  for (const { id } of spaces) {
    const vectors = await pool.query(VECTORS_OF_SPACE, [id])
    expect(vectors.rows.map(({ message_id }) => message_id)).toEqual(ids)
  }
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `message ${index} about topic ${index % 7}`)
}
