import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type TestDatabase } from './support/database.js'
import { findWrongRows } from './support/statement.check.js'
import { readDeclarations } from './support/statement.declarations.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TIME_LIMIT_MS = 120_000

// What the database cannot tell: the statement itself sees to it.
const SURE: Readonly<Record<string, string>> = {
  'access/access.sql.ts selectSpaceAccess: grants is string[], declared EDITOR | OWNER | VIEWER[]':
    'pg reads no arrays of enums, so they come as texts',
  'access/access.sql.ts selectFormerSpaceAccess: grants is string[], declared EDITOR | OWNER | VIEWER[]':
    'pg reads no arrays of enums, so they come as texts',
  'credentials/api.key.sql.ts listApiKeys: scopes may be null, declared otherwise':
    'Prisma never leaves a list null',
  'credentials/api.key.sql.ts revokeKey: scopes may be null, declared otherwise':
    'Prisma never leaves a list null',
  'administration/parked.effect.sql.ts selectEffectAccess: organizationId may be null, declared otherwise':
    'it is joined by it',
  'backfills/backfill.retention.sql.ts deleteEndedBackfills: finishedAt may be null, declared otherwise':
    'it is asked for by it',
  'embeddings/hnsw.sql.ts selectIndexCandidates: dimensions may be null, declared otherwise':
    'without a store the index is dropped, and its dimensions are not asked',
  'outbox/outbox.sql.ts claimEffects: leaseId may be null, declared otherwise': 'it sets it',
  'projects/project.sql.ts countLiveThreads: id may be null, declared otherwise': 'it is asked for by it',
  'purge/deletion.batch.sql.ts claimBatch: leaseId may be null, declared otherwise': 'it sets it',
  'access/access.sql.ts selectFormerSpaceAccess: storeId may be null, declared otherwise':
    'nobody reads the store of a space that may be deleted',
  'access/access.sql.ts selectFormerSpaceAccess: embeddingModel may be null, declared otherwise':
    'nobody reads the store of a space that may be deleted',
  'access/access.sql.ts selectFormerSpaceAccess: embeddingDimensions may be null, declared otherwise':
    'nobody reads the store of a space that may be deleted',
  'embeddings/claim.sql.ts claimDue: nextAttemptAt may be null, declared otherwise':
    'it asks for a time that is past',
  'embeddings/claim.sql.ts delayThread: nextAttemptAt may be null, declared otherwise': 'it sets it',
  'embeddings/claim.sql.ts selectClaims: leaseId may be null, declared otherwise': 'it is asked for by it',
  'access/identity.sql.ts selectApiKey: scopes may be null, declared otherwise':
    'Prisma never leaves a list null',
}

let database: TestDatabase
beforeAll(async () => {
  database = await openTestDatabase()
})
afterAll(() => database.close())

test(
  'each statement returns the row that it declares',
  async () => {
    const files = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.sql.ts'),
    )
    const statements = readDeclarations(
      ROOT,
      files.map((file) => `${ROOT}src/${file}`),
    )
    expect(statements.length).toBeGreaterThan(100)
    expect(new Set(await findWrongRows(database.pool, statements))).toEqual(new Set(Object.keys(SURE)))
  },
  TIME_LIMIT_MS,
)

describe('the check', () => {
  test(
    'finds a wrong name, a wrong type and a wrong nullability, and a row outside a statement',
    async () => {
      const [planted = '', hidden = ''] = ['planted', 'planted.hidden'].map(
        (name) => `${ROOT}test/support/${name}.sql.ts`,
      )
      expect(await findWrongRows(database.pool, readDeclarations(ROOT, [planted]))).toEqual([
        'support/planted.sql.ts selectMisnamed: owner_id is not declared',
        'support/planted.sql.ts selectMisnamed: ownerId is not selected',
        'support/planted.sql.ts selectMistyped: createdAt is Date, declared string',
        'support/planted.sql.ts selectMistyped: role is ADMIN | MEMBER | OWNER | VIEWER, declared ADMIN | OWNER',
        'support/planted.sql.ts selectMistyped: count is bigint, declared number',
        'support/planted.sql.ts selectNullable: title may be null, declared otherwise',
        'support/planted.sql.ts selectNullable: count cannot be null, declared otherwise',
        'support/planted.sql.ts selectOuter: role may be null, declared otherwise',
        'support/planted.sql.ts selectSometimes: title is not selected',
      ])
      expect(() => readDeclarations(ROOT, [hidden])).toThrow(
        'a row is declared outside an exported statement',
      )
    },
    TIME_LIMIT_MS,
  )
})
