import { expect, test } from 'vitest'
import { ViewerOrganizations } from '../../src/commands/import.documents.js'
import { BackfillProgress } from '../../src/commands/quickstart.documents.js'
import { type Answer, GatewayStandin, reply } from './gateway.standin.js'

const busy =
  (status: number): Answer =>
  (_request, response) =>
    reply(response, status, { errors: [{ message: 'Later' }] }, { 'retry-after': '0' })
const hangUp: Answer = (request) => void request.socket.destroy()

test('an operation gives its data', async () => {
  await using server = await GatewayStandin.start()

  expect(await server.client().run(ViewerOrganizations)).toEqual({
    viewer: { id: 'user_1', organizations: { edges: [] } },
  })
})

test('an error carries its code and message, and is not sent again', async () => {
  await using server = await GatewayStandin.start()
  const request = server.client('wrong key').run(ViewerOrganizations)

  await expect(request).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: 'Sign in' })
  expect(server.requests).toBe(1)
})

test.each([429, 503])('a request is sent again when the server answers %i', async (status) => {
  await using server = await GatewayStandin.start()
  server.answers.push(busy(status), busy(status), busy(status))

  await server.client().run(ViewerOrganizations)

  expect(server.requests).toBe(4)
})

test('a request is sent again when the connection breaks, three times at most', async () => {
  await using server = await GatewayStandin.start()
  server.answers.push(hangUp, hangUp, hangUp, hangUp)

  await expect(server.client().run(ViewerOrganizations)).rejects.toMatchObject({ code: 'NETWORK_ERROR' })
  expect(server.requests).toBe(4)
})

test('what must not happen twice is sent again after a refusal only, not when it may have been done', async () => {
  await using server = await GatewayStandin.start()
  const run = () => server.client().run(ViewerOrganizations, {}, { repeatable: false })

  server.answers.push(hangUp)
  await expect(run()).rejects.toMatchObject({ code: 'NETWORK_ERROR' })
  server.answers.push(busy(503))
  await expect(run()).rejects.toMatchObject({ message: 'Later' })
  server.answers.push(busy(429))
  await run()

  expect(server.requests).toBe(4)
})

test('an HTML page instead of GraphQL is reported as such', async () => {
  await using server = await GatewayStandin.start()
  server.answers.push((_request, response) => void response.writeHead(404).end('<h1>Not found</h1>'))

  await expect(server.client().run(ViewerOrganizations)).rejects.toMatchObject({
    code: 'UNEXPECTED_REPLY',
    message: 'The server answered 404 without GraphQL',
  })
})

test('a subscription gives its events and ends with them', async () => {
  await using server = await GatewayStandin.start()
  const { resolvers } = server.store
  resolvers.importThreads({ organizationId: 'org_1', threads: [{ id: 'thrd_1', messages: [] }] })
  const { backfill } = resolvers.addThreadToSpace({ spaceId: 'space_1', threadId: 'thrd_1' })

  const statuses: string[] = []
  const variables = { backfillId: backfill.id }
  for await (const data of server.client().subscribe<Progress>(BackfillProgress, variables)) {
    statuses.push(data.backfillProgress.status)
  }

  expect(statuses.at(-1)).toBe('COMPLETED')
})

test('a subscription with a wrong key is refused', async () => {
  await using server = await GatewayStandin.start()
  const events = server.client('wrong key').subscribe(BackfillProgress, { backfillId: 'bkfl_1' })

  await expect(events.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('a subscription that the schema does not have is refused with its reason', async () => {
  await using server = await GatewayStandin.start()
  const events = server.client().subscribe('subscription { nothing }')

  await expect(events.next()).rejects.toThrow('Cannot query field "nothing"')
})

test('a subscription ends when its signal does, also while it waits', async () => {
  await using server = await GatewayStandin.start()
  const ended = new AbortController()
  const variables = { backfillId: 'bkfl_none' }
  const document =
    'subscription ($backfillId: ID!) { spaceBackfillProgress(spaceId: $backfillId) { status } }'
  const next = server.client().subscribe(document, variables, ended.signal).next()

  ended.abort()

  expect(await next).toEqual({ done: true, value: undefined })
})

interface Progress {
  backfillProgress: { status: string }
}
