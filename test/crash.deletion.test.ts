import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUILD_MS } from './support/built.server.js'
import { CrashClient, CrashJournal } from './support/crash.client.js'
import { CrashDeletionWorld } from './support/crash.deletion.world.js'
import { startRandom } from './support/crash.random.js'
import { CrashServer, embeddingsBy } from './support/crash.server.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from './support/embedding.endpoint.js'
import { eventually } from './support/eventually.js'
import { expectInvariants } from './support/invariants.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from './support/sandbox.endpoint.js'
import { Seed } from './support/seed.js'
import { JWT_SECRET } from './support/tokens.js'

const DELETIONS = 100
const CLIENTS = 2
const DIMENSIONS = 16
const EMBEDDING_MS = 20
// A kill comes after so many more deletions and so many milliseconds, or in the purge of a long thread.
const KILLS = 8
const LONG_THREADS = 4
const MOST_DELETIONS = 24
const MOST_MS = 30
const TEST_MS = 600_000

let embeddings: FakeEmbeddingEndpoint
let sandboxes: FakeSandboxEndpoint
let server: CrashServer

beforeAll(async () => {
  embeddings = await startEmbeddingEndpoint({ dimensions: DIMENSIONS })
  embeddings.delay(EMBEDDING_MS)
  sandboxes = await startSandboxEndpoint()
  server = await CrashServer.open({
    JWT_SECRET,
    ...embeddingsBy(embeddings),
    SANDBOX_API_URL: sandboxes.url,
    SANDBOX_API_KEY: 'key-of-the-sandbox-service',
  })
}, BUILD_MS)

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await sandboxes.close()
  await embeddings.close()
})

test(
  `killed at ${KILLS} random moments of ${DELETIONS} deletions, a server does each of them whole or not at all, and all that it acknowledged`,
  async () => {
    const random = startRandom()
    const journal = new CrashJournal()
    const owner = await CrashClient.signIn(server.url, 'user_who_deletes', journal)
    await server.start()
    const world = await CrashDeletionWorld.make(new Seed({ as: async () => owner }), owner, random)
    expect(world.deletions).toHaveLength(DELETIONS)

    const remaining = () => Promise.all(Array.from({ length: CLIENTS }, () => world.deleteUntilKilled()))
    for (let kills = 0; kills < KILLS; kills++) {
      for (const status of [503, 500]) sandboxes.failNext(status)
      const isInLong = kills % (KILLS / LONG_THREADS) === 0
      if (isInLong) await world.deleteLong()
      const enough = Math.min(world.requested + (isInLong ? 0 : 1 + random(MOST_DELETIONS)), DELETIONS)
      const deleting = remaining()
      await eventually(() => expect(world.requested).toBeGreaterThanOrEqual(enough), 2)
      await after(random(MOST_MS))
      await server.kill()
      await deleting
      await server.start()
    }
    await remaining()
    await world.settle(sandboxes)
    expect(await server.stop()).toEqual({ code: 0, signal: null })

    const reconnected = world.deletions.filter(({ watcher }) => (watcher?.connections ?? 0) > 1)
    process.stdout.write(
      `${journal.unanswered.size} mutations unanswered, ${reconnected.length} deletions watched over a kill\n`,
    )
    expect(reconnected.length).toBeGreaterThan(0)
    await server.withDatabase(async (pool) => {
      await world.expectWhole(pool, sandboxes)
      await journal.expectAudited(pool)
      await expectInvariants(pool)
    })
  },
  TEST_MS,
)
