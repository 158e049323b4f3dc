import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import { testServerUrl } from '../../support/database.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'
import { type Draft, groups, MODELS, toCommand } from './model.commands.js'
import { World } from './model.world.js'

/**
 * HEDDLE_MODEL_OPERATIONS says how many commands are sent. HEDDLE_MODEL_SEED=seed:path plays one world again, as a failure
 * prints it, and makes it smaller for as long as it still fails; a race does not.
 */
// PGlite takes one transaction after the other: most races are PostgreSQL's.
const OPERATIONS = Number(process.env.HEDDLE_MODEL_OPERATIONS ?? (testServerUrl() ? 10_000 : 5_000))
const DEFAULT_SEED = '20261121'
const [SEED, PATH] = readSeed(process.env.HEDDLE_MODEL_SEED ?? DEFAULT_SEED)
// Worlds side by side: while one waits for a worker, the others go on.
const LANES = 4
const GROUPS_A_LOOK = 25
const TIMEOUT_MS = 1_800_000
const FILE = 'test/features/deletion/deletion.model.test.ts'

let app: TestApp
let sandboxes: FakeSandboxEndpoint
let worlds = 0
let sent = 0
let hasFailed = false

beforeAll(async () => {
  sandboxes = await startSandboxEndpoint()
  app = await startTestApp({
    embedder: new FakeEmbedder({ model: MODELS[0] }),
    otherEmbedders: [new FakeEmbedder({ model: MODELS[1], dimensions: 32 })],
    environment: {
      SANDBOX_API_URL: sandboxes.url,
      SANDBOX_API_KEY: 'key',
      // One document looks at the whole world.
      MAX_OPERATION_POINTS: '1000000',
      POINTS_PER_MINUTE: '1000000000',
    },
    timings: {
      backfill: { pollMs: 200, retryMs: 20 },
      purge: { pollMs: 50, retryMs: 20, dropAfterMs: 0 },
      reembedding: { pollMs: 100 },
      // Two tries: what fails twice is parked.
      outbox: { pollMs: 100, maxAttempts: 2, backoff: { baseMs: 10, maxMs: 50 } },
    },
  })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await sandboxes.close()
})

test(
  'whatever is created, linked, hidden, put under a legal hold, purged and restored, one after the other or at once, a reference model predicts it',
  async () => {
    if (PATH === undefined) await Promise.all(Array.from({ length: LANES }, playWorlds))
    else await playWorld(SEED)
    await expectSoundRest(app.pool)
  },
  TIMEOUT_MS,
)

async function playWorlds(): Promise<void> {
  while (!isOver()) await playWorld(SEED + worlds++)
}

/** One world of a seed of its own. */
async function playWorld(seed: number): Promise<void> {
  const isAgain = PATH !== undefined
  const run = await fc.check(fc.asyncProperty(groups, play), {
    seed,
    path: PATH,
    numRuns: 1,
    unbiased: true,
    endOnFailure: !isAgain,
  })
  if (!run.failed) return
  hasFailed = true
  const path = run.counterexamplePath
  const again = `To play it again: HEDDLE_MODEL_SEED=${seed}:${path} npx vitest run ${FILE}`
  const shrunk = `fast-check: { seed: ${seed}, path: "${path}" }, made smaller ${run.numShrinks} times`
  throw new Error(`${again}\n${shrunk}\n${run.errorInstance}`)
}

async function play(drafts: readonly Draft[][]): Promise<void> {
  const world = await World.make(app, sandboxes)
  try {
    for (const [index, group] of drafts.entries()) {
      if (isOver()) break
      const commands = group.flatMap((draft) => toCommand(draft, world.names) ?? [])
      sent += commands.length
      await world.take(commands)
      if (index % GROUPS_A_LOOK === 0) await world.look()
    }
    if (!hasFailed) await world.end()
  } catch (error) {
    throw new Error(`${world.history}\n\n${error}`)
  }
}

function isOver(): boolean {
  return PATH === undefined && (hasFailed || sent >= OPERATIONS)
}

function readSeed(text: string): [seed: number, path: string | undefined] {
  const [, seed, path] = /^(-?\d+)(?::([\d:]+))?$/.exec(text) ?? []
  if (seed === undefined) throw new Error('HEDDLE_MODEL_SEED must be a whole number, or seed:path.')
  return [Number(seed), path]
}
