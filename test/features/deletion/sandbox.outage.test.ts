import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'
import { RETRY_EFFECT } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../../support/sandbox.endpoint.js'

const TRIES = 3
const TIMEOUT_MS = 1_000
const PARKED = `query ($organizationId: ID!) {
  parkedEffects(organizationId: $organizationId) { edges { node { id kind attempts lastError } } }
}`
let endpoint: FakeSandboxEndpoint
let port: number
let app: TestApp

beforeAll(async () => {
  endpoint = await startSandboxEndpoint()
  port = Number(new URL(endpoint.url).port)
  app = await startTestApp({
    environment: { SANDBOX_API_URL: endpoint.url, SANDBOX_API_KEY: 'key' },
    timings: {
      outbox: {
        pollMs: 20,
        graceMs: 10,
        backoff: { baseMs: 1, maxMs: 5 },
        maxAttempts: TRIES,
        timeoutMs: TIMEOUT_MS,
      },
    },
  })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await endpoint.close()
})
afterEach(() => expectSoundRest(app.pool))

interface Outage {
  name: string
  begin(): Promise<void> | void
  end(): Promise<void> | void
  attempts: number
  lastError: unknown
}

const OUTAGES: Outage[] = [
  {
    name: 'answers with 500',
    begin: () => {
      for (let count = 0; count < TRIES; count++) endpoint.failNext(500)
    },
    end: () => undefined,
    attempts: TRIES,
    lastError: 'The sandbox service answered with 500.',
  },
  {
    name: 'answers with 401',
    begin: () => endpoint.failNext(401),
    end: () => undefined,
    attempts: 1,
    lastError: 'The sandbox service refused the key (401).',
  },
  {
    name: 'does not answer',
    begin: () => endpoint.hang(),
    end: () => endpoint.resume(),
    attempts: TRIES,
    lastError: `The effect did not end within ${TIMEOUT_MS} ms.`,
  },
  {
    name: 'cannot be reached',
    begin: () => endpoint.close(),
    end: () => endpoint.listen(port),
    attempts: TRIES,
    lastError: expect.stringMatching(/^The sandbox service cannot be reached/),
  },
]

async function listParked(client: TestClient, organizationId: string): Promise<Json[]> {
  const { parkedEffects } = await client.must(PARKED, { organizationId })
  return parkedEffects.edges.map(({ node }: Json) => node)
}

test.each(OUTAGES)(
  'a sandbox service that $name fails no deletion; an administrator finds the sandbox and has it deleted later',
  async ({ name, begin, end, attempts, lastError }) => {
    const sandboxId = `sandbox-${name.replaceAll(' ', '-')}`
    const organization = await app.seed.organization()
    const { id: organizationId, owner } = organization
    const administrator = await app.seed.member(organization, 'ADMIN')
    const member = await app.seed.member(organization)
    const project = await app.seed.project(organization, sandboxId)
    const thread = await app.seed.thread({ organization, project })
    await begin()

    const { deleteThread } = await member.must('DeleteThread', { threadId: thread.id })

    expect(deleteThread).toMatchObject({
      status: 'PARTIAL',
      message: 'Thread deleted successfully',
      projectDeleted: true,
      warnings: [`The deletion of sandbox ${sandboxId} is under way.`],
      errorCount: 0,
    })
    for (const [operation, { id }] of [['Thread', thread] as const, ['Project', project] as const]) {
      expect(await owner.run(operation, { id })).toFailWith({ code: 'RESOURCE_NOT_FOUND' })
    }
    const [effect] = await eventually(async () => {
      const parked = await listParked(administrator, organizationId)
      expect(parked).toMatchObject([{ kind: 'sandbox.delete', attempts, lastError }])
      return parked
    })
    for (const [document, variables] of [
      [PARKED, { organizationId }] as const,
      [RETRY_EFFECT, { effectId: effect.id }] as const,
    ]) {
      expect(await member.run(document, variables)).toFailWith({ code: 'INSUFFICIENT_PERMISSIONS' })
    }
    expect(endpoint.deletions).not.toContain(sandboxId)

    await end()
    await administrator.must(RETRY_EFFECT, { effectId: effect.id })

    await eventually(() => expect(endpoint.deletions.filter((id) => id === sandboxId)).toHaveLength(1))
    await eventually(async () => {
      const { rows } = await app.pool.query('select id from outbox where id = $1', [effect.id])
      expect(rows).toEqual([])
    })
  },
)
