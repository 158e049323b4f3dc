import { expect } from 'vitest'
import type { TestApp } from '../support/app.js'
import type { TestClient } from '../support/client.js'

/** What a credential comes to, over HTTP and WebSocket alike. */

export const withToken = (app: TestApp, token: string) =>
  app.anonymous().with({ authorization: `Bearer ${token}` })

export async function expectSignedIn(client: TestClient, userId: string | null): Promise<void> {
  const signedIn = { data: { viewer: { id: userId } } }
  expect(await client.run('Viewer')).toMatchObject({ ...signedIn, status: 200 })
  expect(await client.runOverWebSocket('Viewer')).toMatchObject(signedIn)
}

export async function expectRefused(client: TestClient, systemMessage: string): Promise<void> {
  const failure = { code: 'UNAUTHENTICATED', status: 401, type: 'authentication_error', systemMessage }
  const overHttp = await client.run('Viewer')
  expect(overHttp.status).toBe(401)
  expect(overHttp).toFailWith(failure)
  expect(await client.subscribe('Viewer').end()).toEqual({
    kind: 'closed',
    code: 4403,
    reason: `Forbidden: ${systemMessage}`,
  })
}
