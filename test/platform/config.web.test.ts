import { expect, test } from 'vitest'
import { loadConfig } from '../../src/platform/config/config.js'
import { problemsOf } from './config.fixture.js'

test('GraphiQL is there in development, and elsewhere only where it is asked for', () => {
  const graphiql = (environment: Record<string, string>) => loadConfig(environment).web.graphiql

  expect(graphiql({})).toBe(true)
  expect(graphiql({ ENVIRONMENT: 'production' })).toBe(false)
  expect(graphiql({ ENVIRONMENT: 'production', GRAPHIQL: 'on' })).toBe(true)
  expect(graphiql({ GRAPHIQL: 'off' })).toBe(false)
})

test('origins are exact and comma-separated', () => {
  expect(
    loadConfig({ CORS_ORIGINS: 'https://app.example.com, http://localhost:3000' }).web.corsOrigins,
  ).toEqual(['https://app.example.com', 'http://localhost:3000'])
})

test.each([
  '*',
  'null',
  'https://*.example.com/',
  'https://app.example.com/',
  'https://app.example.com/app',
  'https://App.example.com',
  'https://app.example.com:443',
  'ftp://app.example.com',
  'app.example.com',
  'https://app.example.com,',
])('%s is no list of origins, and a start with it is refused', (CORS_ORIGINS) => {
  expect(problemsOf({ CORS_ORIGINS })).toEqual([
    expect.stringMatching(/^CORS_ORIGINS is .*; accepted: exact origins/),
  ])
})

test('a WebSocket has bounds where none are set', () => {
  expect(loadConfig({}).websocket).toEqual({
    messageBytes: 4_194_304,
    socketsPerAddress: 500,
    socketsPerUser: 100,
    operationsPerSocket: 1_000,
    operationsPerUser: 10_000,
    unreadBytes: 33_554_432,
    writeMs: 30_000,
    pingMs: 12_000,
  })
})
