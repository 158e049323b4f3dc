import { afterEach, beforeEach, expect, test } from 'vitest'
import { countTaken, ownedWhere } from '../../../src/features/deletion/deletion.sql.js'
import {
  type BatchThread,
  selectBatchThreads,
} from '../../../src/features/deletion/purge/batch.threads.sql.js'
import { encodeHalfVector } from '../../../src/features/embeddings/half.floats.js'
import { listLinkedThreads } from '../../../src/features/links/link.sql.js'
import { searchAllWords } from '../../../src/features/search/keyword.search.sql.js'
import { requireFilter } from '../../../src/features/search/search.filter.js'
import { searchVectors } from '../../../src/features/search/vector.search.sql.js'
import { countThreads, listThreads } from '../../../src/features/threads/thread.sql.js'
import { Database, type Fragment, sql } from '../../../src/platform/database/database.js'
import { readPage } from '../../../src/platform/graphql/page.js'
import { openTestDatabase, type TestDatabase } from '../../support/database.js'
import {
  base,
  type Filler,
  idOf,
  links,
  messages,
  ORGANIZATION,
  spaces,
  threads,
  timeOf,
  USER,
  vectors,
} from '../../support/plan.worlds.js'
import { expectSteadyWork, fill } from '../../support/plans.js'
import { modelStatement } from '../../support/statements.js'

const LIVE = 30
const BATCH = { id: 'del_world', threadId: null, userId: USER }
const SPACE = { spaceId: idOf('space', 0), storeId: idOf('space', 0), dimensions: 4 }
const page = readPage({ first: 20 })
const filter = requireFilter(null)

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

/** All threads but the oldest few are hidden, and housekeeping has seen to it. */
function hidden(change: (first: string, end: string) => Fragment): Filler {
  return (from, to) => change(idOf('thrd', Math.max(from, LIVE)), idOf('thrd', to))
}

const hiddenThreads = hidden(
  (first, end) => sql`
    update thread set deleted_at = now(), deletion_batch_id = ${BATCH.id}, listed = false
    where id >= ${first} and id < ${end}`,
)

const hiddenLinks = hidden(
  (first, end) =>
    sql`update space_thread set hidden = true where thread_id >= ${first} and thread_id < ${end}`,
)

/** Of the live threads only, so that it is the hidden links that grow. */
function ofLive(filler: Filler): Filler {
  return (from, to) => filler(Math.min(from, LIVE), Math.min(to, LIVE))
}

test('a list of threads passes over none that an earlier deletion has hidden, and neither does the next deletion', async () => {
  const scope = { viewerId: USER, organizationId: null, includeDeleted: false }
  const own = { ownerId: USER, organizationId: null, mode: 'SOFT' as const }
  await expectSteadyWork(database.pool, {
    world: [threads(), hiddenThreads],
    statements: {
      own: listThreads(scope, page),
      'of an organization': listThreads({ ...scope, organizationId: ORGANIZATION }, page),
      'with hidden ones': listThreads({ ...scope, includeDeleted: true }, page),
      count: countThreads(scope),
      'another deletion': await modelStatement(database.pool, (tx) =>
        tx.prisma.thread.updateMany({
          where: ownedWhere(own),
          data: { deletedAt: tx.now, deletionBatchId: 'del_other' },
        }),
      ),
      'what it took': countTaken(USER, 'del_other'),
    },
  })
})

test('a list and a search of a space pass over none of its hidden threads', async () => {
  await expectSteadyWork(database.pool, {
    world: [
      spaces(),
      threads(),
      links(),
      ofLive(messages(2)),
      ofLive(vectors(2)),
      hiddenThreads,
      hiddenLinks,
    ],
    statements: {
      list: listLinkedThreads(USER, [SPACE.spaceId], page),
      'by meaning': searchVectors({ ...SPACE, filter }, encodeHalfVector(Float32Array.of(1, 0, 0, 0)), {
        pieces: 200,
        messages: 200,
      }),
      'by words': searchAllWords({ spaceId: SPACE.spaceId, filter }, 'message', 20),
    },
  })
})

test('a purge finds its next threads where it stood, however many it has passed and has before it', async () => {
  const middle = {
    id: idOf('thrd', 500),
    listed: false,
    organizationId: ORGANIZATION,
    createdAt: timeOf(500),
  }
  await expectSteadyWork(database.pool, {
    world: [threads(), hiddenThreads, spaces(), links()],
    statements: {
      'the first': selectBatchThreads(BATCH, null, 100),
      'the next': selectBatchThreads(BATCH, middle, 100),
    },
  })
})

test('a walk meets every thread of an owner once, those that are not hidden first', async () => {
  await fill(database.pool, [() => base[0] as Fragment, threads(), hiddenThreads], 0, 100)
  const db = new Database(database.pool)
  const met: BatchThread[] = []
  let step: BatchThread[]
  do {
    step = await db.query<BatchThread>(selectBatchThreads(BATCH, met.at(-1) ?? null, 7))
    met.push(...step)
  } while (step.length > 0)

  const numbers = Array.from({ length: 100 }, (_, n) => n).toReversed()
  const order = [...numbers.filter((n) => n < LIVE), ...numbers.filter((n) => n >= LIVE)]
  expect(met.map(({ id }) => id)).toEqual(order.map((n) => idOf('thrd', n)))
  expect(met.map(({ isTaken }) => isTaken)).toEqual(order.map((n) => n >= LIVE))
})
