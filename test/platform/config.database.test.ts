import { expect, test } from 'vitest'
import { problemsOf } from './config.fixture.js'

const KEY = 'k'.repeat(24)

test('a database of its own needs a way to sign in', () => {
  const DATABASE_URL = 'postgres://localhost/heddle'
  expect(problemsOf({ DATABASE_URL })).toEqual([
    'DATABASE_URL is set, but nobody could sign in: set JWT_SECRET, JWKS_URL or BOOTSTRAP_API_KEY too.',
  ])
  expect(problemsOf({ DATABASE_URL, BOOTSTRAP_API_KEY: KEY })).toEqual([])
  expect(problemsOf({ DATABASE_URL, JWKS_URL: 'https://id.test/keys' })).toEqual([])
  expect(problemsOf({ DATABASE_URL, JWT_SECRET: 's'.repeat(32) })).toEqual([])
})

test('a pooler in transaction mode needs the way past it, and there is no such way without a database', () => {
  const DATABASE_URL = 'postgres://pooler/heddle'
  const DATABASE_DIRECT_URL = 'postgres://localhost/heddle'
  const given = { DATABASE_URL, BOOTSTRAP_API_KEY: KEY, DATABASE_POOL_MODE: 'transaction' }
  expect(problemsOf(given)).toEqual([
    'DATABASE_POOL_MODE is "transaction", which cannot run migrations: set DATABASE_DIRECT_URL too.',
  ])
  expect(problemsOf({ ...given, DATABASE_DIRECT_URL })).toEqual([])
  expect(problemsOf({ DATABASE_DIRECT_URL })).toEqual([
    'DATABASE_DIRECT_URL is set without DATABASE_URL: set DATABASE_URL too.',
  ])
})
