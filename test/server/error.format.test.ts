import { GraphQLError } from 'graphql'
import { beforeEach, expect, test } from 'vitest'
import { invalid } from '../../src/platform/errors.js'
import { readRequestInfo } from '../../src/platform/request.js'
import { ErrorFormatter } from '../../src/server/error.format.js'
import { LogLines } from '../support/log.lines.js'

let logs: LogLines
let formatter: ErrorFormatter

beforeEach(() => {
  logs = new LogLines()
  formatter = new ErrorFormatter(logs.logger)
})

const request = readRequestInfo(() => undefined)
const withCode = (code: string, message = 'secret words') => Object.assign(new Error(message), { code })

test.each([
  ['a connection that PostgreSQL ends', withCode('57P01')],
  ['a server with too many connections', withCode('53300')],
  ['a host that refuses', new AggregateError([withCode('ECONNREFUSED')])],
  ['a connection that breaks', new Error('Connection terminated unexpectedly')],
  ['a transaction that waits too long', withCode('P2028')],
  ['a statement that takes too long', withCode('57014')],
  ['a lock that is not given back', withCode('55P03')],
  ['a transaction whose node was frozen', withCode('25P03')],
  ['no connection in time', new Error('timeout exceeded when trying to connect')],
  ['a pooler whose server is away', withCode('08P01')],
  ['an outage within an outage', new Error('query failed', { cause: { originalCode: '57P03' } })],
])('%s is SERVICE_UNAVAILABLE, and its words stay here', (_, error) => {
  const { message, extensions } = formatter.format(error, request)

  expect(extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', status: 503, traceId: request.traceId })
  expect(message).not.toMatch(/secret|terminated|failed/)
  expect(logs.complaints()).toHaveLength(1)
})

test('a unique key that no check has foreseen is a CONFLICT', () => {
  const { extensions } = formatter.format(withCode('23505', 'duplicate key value in "thread_pkey"'), request)

  expect(extensions).toMatchObject({ code: 'CONFLICT', status: 409 })
  expect(JSON.stringify(extensions)).not.toContain('thread_pkey')
})

test.each([
  ['a foreign key that is broken', withCode('23503')],
  ['something that is no error', 'secret words'],
  [
    'a value of ours that does not fit the schema',
    new GraphQLError('Int cannot represent secret words', { path: ['viewer'] }),
  ],
])('%s is masked', (_, thrown) => {
  const { message, extensions } = formatter.format(thrown, request)

  expect(extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', status: 500 })
  expect(message).toBe('An unexpected error occurred. Quote the trace id when you report it.')
  expect(JSON.stringify(extensions)).not.toContain('secret')
})

test('one failure that reaches many fields is logged once', () => {
  const originalError = new Error('the batch failed')

  for (const index of [0, 1, 2]) {
    formatter.format(new GraphQLError('wrapped', { originalError, path: ['edges', index] }), request)
  }

  expect(logs.complaints()).toMatchObject([{ msg: 'unexpected error', traceId: request.traceId }])
})

test('what the caller did wrong is not logged, and a long message is cut', () => {
  expect(formatter.format(invalid('Invalid name.'), request).message).toBe('Invalid name.')
  expect(formatter.format(new GraphQLError('x'.repeat(10_000)), request).message).toHaveLength(500)
  expect(logs.all()).toEqual([])
})
