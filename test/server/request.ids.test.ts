import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { eventually } from '../support/eventually.js'
import { type FakeSandboxEndpoint, startSandboxEndpoint } from '../support/sandbox.endpoint.js'

let app: TestApp
let sandboxes: FakeSandboxEndpoint

beforeAll(async () => {
  sandboxes = await startSandboxEndpoint()
  const environment = { SANDBOX_API_URL: sandboxes.url, SANDBOX_API_KEY: 'key' }
  app = await startTestApp({ environment })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await sandboxes.close()
})

/** Ids as a client sends them, and as they are written down. */
function createIds() {
  const requestId = `request-${randomUUID()}`
  const correlationId = `order-${randomUUID()}`
  const traceId = randomUUID().replaceAll('-', '')
  const headers = {
    'x-request-id': requestId,
    'x-correlation-id': correlationId,
    traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
  }
  return { headers, ids: { requestId, traceId, correlationId } }
}

async function threadWithSandbox(sandboxId: string) {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization, sandboxId)
  return app.seed.thread({ organization, project })
}

const IDS = 'request_id as "requestId", trace_id as "traceId", correlation_id as "correlationId"'

test('the ids of the headers stand in the receipt, the audit event, the outbox and its log', async () => {
  const { id: threadId, owner } = await threadWithSandbox('sbx-1')
  const { headers, ids } = createIds()
  sandboxes.failNext(403)

  const { deleteThread } = await owner
    .with(headers)
    .must(
      'mutation($threadId: ID!) { deleteThread(threadId: $threadId) { requestId traceId correlationId auditLogId } }',
      { threadId },
    )

  const { auditLogId, ...told } = deleteThread
  expect(told).toEqual(ids)
  const events = await app.pool.query(`select ${IDS} from audit_event where id = $1`, [auditLogId])
  expect(events.rows).toEqual([ids])
  const effects = await app.pool.query(`select ${IDS} from outbox where request_id = $1`, [ids.requestId])
  expect(effects.rows).toEqual([ids])
  await eventually(() => {
    expect(app.logs.complaints()).toContainEqual(
      expect.objectContaining({ msg: 'effect parked: somebody must look at it', ...ids }),
    )
  })
})

test('over WebSocket the ids come with connection_init', async () => {
  const { id: threadId, owner } = await app.seed.thread()
  const { headers, ids } = createIds()

  await owner
    .with(headers)
    .runOverWebSocket('mutation($threadId: ID!) { deleteThread(threadId: $threadId) { status } }', {
      threadId,
    })

  const { rows } = await app.pool.query(`select ${IDS} from audit_event where request_id = $1`, [
    ids.requestId,
  ])
  expect(rows).toEqual([ids])
})

test.each(['run', 'runOverWebSocket'] as const)(
  'the log of an unexpected error has the ids of its request, and the reply the trace id: %s',
  async (run) => {
    const { id: threadId, owner } = await app.seed.thread()
    const { headers, ids } = createIds()
    await app.pool.query(`
      create or replace function refuse_event() returns trigger language plpgsql as $$
        begin raise exception 'no event'; end $$`)
    await app.pool.query(`
      create trigger refuse_event_of_${run} before insert on audit_event for each row
        when (new.request_id = '${ids.requestId}') execute function refuse_event()`)

    const reply = await owner
      .with(headers)
      [run]('mutation($threadId: ID!) { deleteThread(threadId: $threadId) { status } }', { threadId })

    expect(reply).toFailWith({ code: 'INTERNAL_SERVER_ERROR' })
    expect(reply.errors?.[0]?.extensions.traceId).toBe(ids.traceId)
    const lines = app.logs.complaints().filter(({ requestId }) => requestId === ids.requestId)
    expect(lines).toMatchObject([{ msg: 'unexpected error', code: 'INTERNAL_SERVER_ERROR', ...ids }])
  },
)

test('what is not safe to write down is replaced, and a missing trace id is made', async () => {
  const { id: threadId, owner } = await app.seed.thread()
  const headers = {
    'x-request-id': 'a'.repeat(201),
    'x-correlation-id': 'b\tc',
    traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  }

  const { deleteThread } = await owner
    .with(headers)
    .must(
      'mutation($threadId: ID!) { deleteThread(threadId: $threadId) { requestId traceId correlationId } }',
      {
        threadId,
      },
    )

  expect(deleteThread).toEqual({
    requestId: expect.stringMatching(/^req_/),
    traceId: expect.stringMatching(/^(?!0{32})[\da-f]{32}$/),
    correlationId: null,
  })
})
