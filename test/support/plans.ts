import type { Pool, PoolClient } from 'pg'
import { expect } from 'vitest'
import type { Fragment } from '../../src/platform/database/database.js'
import { base, type Filler } from './plan.worlds.js'

/** A world that grows, and statements whose work must not grow with it. */
export interface Growth {
  /** what the world is made of, in the order in which it is filled */
  world: readonly Filler[]
  /** by what they are for */
  statements: Readonly<Record<string, Fragment>>
  /** run before each statement, in its transaction */
  before?: readonly Fragment[]
  /** numbers of the small world; default 1,000. The large one has ten times as many. */
  size?: number
  /** pages that a statement may read more in the large world, beside half as many again; default 20 */
  slack?: number
}

/** A node of a plan, as `explain (format json)` has it. */
interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: PlanNode[]
}

const TIMES = 10
const FACTOR = 1.5

/**
 * Fails, and prints both plans, when a statement reads more pages in a world of ten times the size. Pages are counted,
 * not time, so that it says the same on any machine. What a statement writes is rolled back.
 */
export async function expectSteadyWork(pool: Pool, growth: Growth): Promise<void> {
  const { world, size = 1_000, slack = 20 } = growth
  for (const statement of base) await run(pool, statement)
  await fill(pool, world, 0, size)
  const small = await explainAll(pool, growth)
  await fill(pool, world, size, size * TIMES)
  const large = await explainAll(pool, growth)
  for (const [name, before] of small) {
    const after = large.get(name) as PlanNode
    const limit = Math.floor(pagesOf(before) * FACTOR + slack)
    const message = `${name}: ${pagesOf(before)} pages at ${size}, ${pagesOf(after)} at ${size * TIMES}, at most ${limit} wanted.
at ${size}:\n${describe(before)}\nat ${size * TIMES}:\n${describe(after)}\n`
    expect(pagesOf(after), message).toBeLessThanOrEqual(limit)
  }
}

export async function fill(pool: Pool, world: readonly Filler[], from: number, to: number): Promise<void> {
  for (const filler of world) await run(pool, filler(from, to))
}

/** Plans with what they really read. Statistics are new, so that the planner knows the size of the world. */
async function explainAll(
  pool: Pool,
  { statements, before = [] }: Growth,
): Promise<ReadonlyMap<string, PlanNode>> {
  await pool.query('vacuum analyze')
  const plans = new Map<string, PlanNode>()
  for (const [name, statement] of Object.entries(statements)) {
    plans.set(name, await explain(pool, before, statement))
  }
  return plans
}

async function explain(pool: Pool, before: readonly Fragment[], statement: Fragment): Promise<PlanNode> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    for (const first of before) await run(client, first)
    const { text, values } = statement
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, buffers, timing off, format json) ${text}`,
      [...values],
    )
    const [plan] = rows[0]?.['QUERY PLAN'] ?? []
    if (!plan) throw new Error('The database has shown no plan.')
    return plan.Plan
  } finally {
    await client.query('rollback')
    client.release()
  }
}

async function run(connection: Pool | PoolClient, { text, values }: Fragment): Promise<void> {
  await connection.query(text, [...values])
}

/** Of the buffer cache and of the disk: which of both is chance. A node's pages are its children's too. */
function pagesOf(node: PlanNode): number {
  return node['Shared Hit Blocks'] + node['Shared Read Blocks']
}

function describe(node: PlanNode, depth = 1): string {
  const target = [node['Index Name'], node['Relation Name']].filter(Boolean).join(' of ')
  const removed = node['Rows Removed by Filter'] ? `, ${node['Rows Removed by Filter']} removed` : ''
  const line = `${'  '.repeat(depth)}${node['Node Type']} ${target}: ${pagesOf(node)} pages, ${node['Actual Rows']} rows${removed}, ${node['Actual Loops']} times`
  return [line, ...(node.Plans ?? []).map((child) => describe(child, depth + 1))].join('\n')
}
