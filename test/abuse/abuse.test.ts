import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { BUILD_MS } from '../support/built.server.js'
import { eventually } from '../support/eventually.js'
import { ATTACKS } from './abuse.attacks.js'
import { AbuseTarget } from './abuse.target.js'
import { Victim, type Waits } from './victim.js'

/** In full, by `npm run abuse`, what others wait is measured too. */
const IS_FULL = process.env.HEDDLE_ABUSE === 'full'
const MOST_SLOWDOWN = 5
// A burst that is over within a few of them is told by the longest wait.
const LEAST_REQUESTS = 100
const MEBIBYTE = 1_048_576
// What is kept on purpose: plans, documents, connections.
const KEPT_BYTES = 48 * MEBIBYTE

let target: AbuseTarget
let victim: Victim
const table: Record<string, unknown>[] = []

beforeAll(async () => {
  target = await AbuseTarget.start()
  victim = new Victim(await target.as('user_victim'))
}, BUILD_MS)
afterEach(() => target.closeSockets())
afterAll(async () => {
  if (IS_FULL) console.table(table)
  await victim[Symbol.asyncDispose]()
  await target[Symbol.asyncDispose]()
})

test.each(Object.entries(ATTACKS))('%s', async (name, attack) => {
  const attacker = await target.as(`user_${randomUUID()}`)
  await attacker.must('Viewer')
  const quiet = IS_FULL ? await quietMedian() : 0
  const before = await target.memory()
  const first = target.statuses.length
  await victim.begin()

  await attack.run(target, attacker, IS_FULL ? attack.full : attack.small, () => victim.begin())

  const { median, longest, asked, failures } = await waitsAfter(IS_FULL ? LEAST_REQUESTS : 1)
  await target.closeSockets()
  const statuses = target.statuses.slice(first)
  // What is refused for want of room may be sent again.
  expect(statuses.filter((status) => status >= 500 && status !== 503)).toEqual([])
  expect((await attacker.run('Viewer')).status).not.toBe(500)
  expect(failures).toBe(0)
  expect(target.complaints).toBe('')
  const after = await eventually(async () => {
    const left = await target.memory()
    expect(left).toBeLessThan(before + KEPT_BYTES)
    return left
  }, 200)
  if (IS_FULL) {
    table.push({
      attack: name,
      'quiet, ms': quiet.toFixed(1),
      'attacked, ms': median.toFixed(1),
      'longest, ms': longest.toFixed(0),
      asked,
      'MiB before': Math.round(before / MEBIBYTE),
      'MiB after': Math.round(after / MEBIBYTE),
      statuses: countsOf(statuses),
    })
    expect(median).toBeLessThan(quiet * MOST_SLOWDOWN)
  }
})

async function quietMedian(): Promise<number> {
  await victim.begin()
  return (await waitsAfter(LEAST_REQUESTS)).median
}

/** What the victim has waited, once it was answered so often. */
function waitsAfter(requests: number): Promise<Waits> {
  return eventually(async () => {
    const waits = await victim.waits()
    expect(waits.asked).toBeGreaterThanOrEqual(requests)
    return waits
  }, 100)
}

/** `200×3 413×1` */
function countsOf(statuses: readonly number[]): string {
  const counts = new Map<number, number>()
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
  return Array.from(counts, ([status, count]) => `${status}×${count}`).join(' ')
}
