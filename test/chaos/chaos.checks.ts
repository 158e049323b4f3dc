import type { Pool } from 'pg'
import { expect } from 'vitest'
import type { Json } from '../support/client.js'
import { type Random, shuffled } from '../support/crash.random.js'
import { SPACE_HEALTH } from '../support/documents.js'
import { eventually } from '../support/eventually.js'
import { expectSoundRest } from '../support/rest.js'
import type { ChaosJournal } from './chaos.journal.js'
import type { ChaosSender } from './chaos.sender.js'
import { contentOf, type OwnThread, type Said } from './chaos.threads.js'
import type { ChaosUser } from './chaos.user.js'

/** What must be there once everything has come to rest, as those know it who did it. */

// Searches of one look.
const SAMPLE = 20

const LEFT_TO_DO = `
  select id from outbox where parked_at is null union all
  select id from deletion_batch where state = 'PURGING'`

const MESSAGES = `
  select t.id as "threadId", t.deleted_at is not null as "isHidden",
    coalesce(array_agg(m.id || ' ' || m.content order by m.sequence) filter (where m.id is not null), '{}') as messages
  from thread t left join message m on m.thread_id = t.id where t.owner_id = $1 group by t.id`

export interface Expected {
  pool: Pool
  administrator: ChaosSender
  users: readonly ChaosUser[]
  spaceIds: readonly string[]
  commonThreadId: string
  journal: ChaosJournal
  random: Random
}

export async function expectAllThere(expected: Expected): Promise<void> {
  const { pool, users, journal } = expected
  await eventually(async () => expect((await pool.query(LEFT_TO_DO)).rows).toEqual([]))
  await expectSoundRest(pool)
  expect(journal.faults).toEqual([])
  for (const user of users) await expectThreads(pool, user)
  await expectCommon(expected)
  await journal.expectAudited(pool)
  for (const spaceId of expected.spaceIds) await expectSpace(expected, spaceId)
}

/** Every message that was acknowledged, once, in its place, and nothing else: nothing that was deleted. */
async function expectThreads(pool: Pool, user: ChaosUser): Promise<void> {
  const { rows } = await pool.query(MESSAGES, [user.userId])
  const expected = user.threads
    .filter(({ state }) => state !== 'GONE')
    .map(({ id, state, messages }) => ({
      threadId: id,
      isHidden: state !== 'LIVE',
      messages: messages.map(written),
    }))
  expect(byThread(rows)).toEqual(byThread(expected))
}

const written = ({ id, word }: Said): string => `${id} ${contentOf(word)}`

function byThread<Row extends { threadId: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((left, right) => (left.threadId < right.threadId ? -1 : 1))
}

/** What many appended at once: all of it once, and what one appended in its order. */
async function expectCommon({ pool, users, commonThreadId }: Expected): Promise<void> {
  const { rows } = await pool.query(
    `select id || ' ' || content as message from message where thread_id = $1 order by sequence`,
    [commonThreadId],
  )
  const messages: string[] = rows.map(({ message }) => message)
  expect(messages.length).toBe(users.reduce((sum, { common }) => sum + common.length, 0))
  for (const { common } of users) {
    const own = new Set(common.map(written))
    expect(messages.filter((message) => own.has(message))).toEqual([...own])
  }
}

async function expectSpace(expected: Expected, spaceId: string): Promise<void> {
  const { pool, administrator, users, random, commonThreadId } = expected
  const isThere = ({ state, links }: OwnThread) => state === 'LIVE' && links.has(spaceId)
  const threads = users.flatMap((user) => user.threads.filter(isThere))
  const { rows } = await pool.query(
    `select l.thread_id as id from space_thread l join thread t on t.id = l.thread_id
     where l.space_id = $1 and t.deleted_at is null`,
    [spaceId],
  )
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set([...threads.map(({ id }) => id), commonThreadId]))
  const health = await administrator.insist(SPACE_HEALTH, { spaceId })
  expect(health).toMatchObject({ isHealthy: true })

  const said = [...threads.flatMap(({ messages }) => messages), ...users.flatMap(({ common }) => common)]
  expect(health.vectors).toBe(said.length)
  for (const mode of ['KEYWORD', 'SEMANTIC']) {
    for (const { id, word } of shuffled(said, random).slice(0, SAMPLE)) {
      expect(await found(administrator, spaceId, word, mode), `${word} by ${mode}`).toContain(
        `${id} ${contentOf(word)}`,
      )
    }
  }
  const here = new Set(said.map(({ word }) => word))
  const elsewhere = users.flatMap((user) => [
    ...user.unsaid,
    ...user.threads
      .flatMap(({ messages }) => messages.map(({ word }) => word))
      .filter((word) => !here.has(word)),
  ])
  for (const word of shuffled(elsewhere, random).slice(0, SAMPLE)) {
    expect(await found(administrator, spaceId, word, 'KEYWORD'), `${word}, which is not there`).toEqual([])
  }
}

const SEARCH = `query ($spaceId: ID!, $query: String!, $mode: SearchMode!) {
  searchSpace(spaceId: $spaceId, query: $query, mode: $mode, first: 50) { edges { node { id content } } }
}`

async function found(sender: ChaosSender, spaceId: string, word: string, mode: string): Promise<string[]> {
  const query = mode === 'KEYWORD' ? word : contentOf(word)
  const payload = await sender.insist(SEARCH, { spaceId, query, mode })
  return payload.edges.map(({ node }: Json) => `${node.id} ${node.content}`)
}
