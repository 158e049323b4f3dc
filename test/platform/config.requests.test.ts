import { expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config/config.js'

test('requests have limits without any being set', () => {
  expect(loadConfig({}).requests).toEqual({
    trustedProxies: 0,
    maxOperationPoints: 5_000,
    pointsPerMinute: { user: 1_000_000, address: 50_000 },
    operationTimeoutMs: 15_000,
    operationTextBytes: 16_777_216,
    bodyBytes: 4_194_304,
    strangerBodyBytes: 1_048_576,
    bodiesBytes: 67_108_864,
    jsonDepth: 128,
    replyBytes: 16_777_216,
    headersTimeoutMs: 15_000,
    requestTimeoutMs: 120_000,
    writeTimeoutMs: 60_000,
    introspection: 'everyone',
    suggestions: 'everyone',
    trustedDocuments: null,
    streams: 100,
  })
})

test('outside development only who has a credential is shown the schema', () => {
  const { requests } = loadConfig({ ENVIRONMENT: 'production', SUGGESTIONS: 'nobody' })

  expect(requests).toMatchObject({ introspection: 'signed-in', suggestions: 'nobody' })
})
