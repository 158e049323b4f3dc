import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'

let app: TestApp

beforeAll(async () => {
  const environment = { POINTS_PER_MINUTE: '20', ANONYMOUS_POINTS_PER_MINUTE: '10', TRUST_PROXY: '1' }
  app = await startTestApp({ environment })
})
afterAll(() => app[Symbol.asyncDispose]())

test('a user has so many points a minute, whatever its credentials; others have their own', async () => {
  const [greedy, other] = [await app.as('user_greedy'), await app.as('user_other')]
  const first = await greedy.run('{ viewer { id } }')
  expect(first.headers.get('ratelimit-limit')).toBe('20')
  expect(first.headers.get('ratelimit-remaining')).toBe('18')
  for (let sent = 1; sent < 10; sent++) await greedy.must('{ viewer { id } }')

  const refused = await (await app.as('user_greedy')).run('{ viewer { id } }')

  expect(refused.status).toBe(429)
  expect(refused).toFailWith({ code: 'RATE_LIMITED', status: 429 })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(refused.errors?.[0]?.extensions.retryAfter).toBeLessThanOrEqual(60)
  expect(await greedy.runOverWebSocket('{ viewer { id } }')).toFailWith({ code: 'RATE_LIMITED' })
  expect((await other.run('{ viewer { id } }')).errors).toBeUndefined()
})

test('a stranger is known by the address that the trusted proxy saw, and by nothing it says itself', async () => {
  const from = (...hops: string[]) => app.anonymous().with({ 'x-forwarded-for': hops.join(', ') })
  for (let sent = 0; sent < 10; sent++) await from(`10.0.0.${sent}`, '192.0.2.1').must('{ __typename }')

  expect((await from('10.9.9.9', '192.0.2.1').run('{ __typename }')).status).toBe(429)
  expect((await from('192.0.2.1', '192.0.2.2').run('{ __typename }')).status).toBe(200)
})
