import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import type { Json, Reply, TestClient } from '../support/client.js'

const WAYS = {
  HTTP: (client: TestClient, document: string): Promise<Reply> => client.run(document),
  WebSocket: (client: TestClient, document: string): Promise<Reply> => client.runOverWebSocket(document),
}

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app[Symbol.asyncDispose]())

describe.each(Object.entries(WAYS))('over %s', (_, run) => {
  test('each mutation of an operation shows what it left, and not what an earlier one has loaded', async () => {
    const { id, owner } = await app.seed.organization()
    const create = (alias: string) => `
      ${alias}: createThread(input: { organizationId: "${id}" }) { thread { organization { usage { threads } } } }`

    const { data, errors } = await run(owner, `mutation { ${['a', 'b', 'c'].map(create).join('')} }`)

    expect(errors).toBeUndefined()
    const counts = ['a', 'b', 'c'].map((alias) => data[alias].thread.organization.usage.threads)
    expect(counts).toEqual([1, 2, 3])
  })

  test('a mutation that fails leaves nothing behind for the next', async () => {
    const organization = await app.seed.organization()
    const space = await app.seed.space(organization)
    const userId = `user_of_${space.id}`
    const grants = 'space { grants { role user { id } } }'
    const document = `mutation {
      a: grantSpaceAccess(spaceId: "${space.id}", userId: "${userId}", role: VIEWER) { ${grants} }
      b: grantSpaceAccess(spaceId: "space_missing", userId: "${userId}", role: VIEWER) { ${grants} }
      c: grantSpaceAccess(spaceId: "${space.id}", userId: "${userId}", role: EDITOR) { ${grants} }
      d: revokeSpaceAccess(spaceId: "${space.id}", userId: "${userId}") { ${grants} }
    }`

    const { data, errors } = await run(organization.owner, document)

    expect(errors).toMatchObject([{ path: ['b'] }])
    const rolesOf = (alias: string) => data[alias].space.grants.map(({ role }: Json) => role)
    expect([rolesOf('a'), rolesOf('c'), rolesOf('d')]).toEqual([['VIEWER'], ['EDITOR'], []])
  })
})
