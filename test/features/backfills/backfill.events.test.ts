import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { announceBackfills, spaceTopicOf } from '../../../src/features/backfills/backfill.events.js'
import type { BackfillRecord } from '../../../src/features/backfills/backfill.sql.js'
import type { Transaction } from '../../../src/platform/database/database.js'
import { createMemoryBus } from '../../../src/platform/events/bus.js'

const BACKFILLS = 10_000
const MOST_A_TURN = 1_000

const committing: Transaction = {
  query: async () => [],
  prisma: {} as Transaction['prisma'],
  now: new Date(),
  afterCommit: (effect) => effect(),
}

test('what ends ten thousand backfills tells of them in their order, and lets others have their turns', async () => {
  const bus = createMemoryBus()
  const rows = Array.from(
    { length: BACKFILLS },
    (_, index) => ({ id: `bkfl_${index}`, spaceId: 'space', sequence: 2 }) as BackfillRecord,
  )
  const heard: unknown[] = []
  const leave = bus.subscribe(spaceTopicOf('space'), (row) => heard.push((row as BackfillRecord).id))

  announceBackfills(committing, bus, rows)
  for (let before = 0; heard.length < BACKFILLS; await nextTurn()) {
    expect(heard.length - before).toBeLessThanOrEqual(MOST_A_TURN)
    before = heard.length
  }

  expect(heard).toEqual(rows.map(({ id }) => id))
  leave()
})
