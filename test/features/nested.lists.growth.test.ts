import { afterEach, beforeEach, test } from 'vitest'
import { listLinkedThreads } from '../../src/features/links/link.sql.js'
import { listMessages } from '../../src/features/messages/message.sql.js'
import { listSpacesOfThreads } from '../../src/features/spaces/space.sql.js'
import { listRuns } from '../../src/features/threads/agent.run.sql.js'
import { sql } from '../../src/platform/database/database.js'
import { readPage } from '../../src/platform/graphql/page.js'
import { openTestDatabase, type TestDatabase } from '../support/database.js'
import { type Filler, idOf, spaces, threads, USER } from '../support/plan.worlds.js'
import { expectSteadyWork } from '../support/plans.js'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(() => database.close())

const PARENTS = 10
const page = readPage({ first: 10 })
const ids = (prefix: string) => Array.from({ length: PARENTS }, (_, number) => idOf(prefix, number))

const parent = (prefix: string) => sql`${prefix}::text || '_' || lpad((n % ${PARENTS}::int)::text, 9, '0')`
const numbers = (from: number, to: number) => sql`generate_series(${from}::int, ${to - 1}::int) n`
const time = sql`now() + n * interval '1 second'`

/** What grows are the lists of ten parents. */
const messages: Filler = (from, to) => sql`
  insert into message (id, thread_id, sequence, role, content, content_hash)
  select 'msg_' || n, ${parent('thrd')}, n, 'USER', 'message ' || n, ''::bytea from ${numbers(from, to)}`
const runs: Filler = (from, to) => sql`
  insert into agent_run (id, thread_id, status, started_at)
  select 'run_' || n, ${parent('thrd')}, 'RUNNING', ${time} from ${numbers(from, to)}`
const linksOfSpaces: Filler = (from, to) => sql`
  insert into space_thread (space_id, thread_id, added_by_id, added_at)
  select ${parent('space')}, 'thrd_' || lpad(n::text, 9, '0'), ${USER}, ${time} from ${numbers(from, to)}`
const linksOfThreads: Filler = (from, to) => sql`
  insert into space_thread (space_id, thread_id, added_by_id, added_at)
  select 'space_' || lpad(n::text, 9, '0'), ${parent('thrd')}, ${USER}, ${time} from ${numbers(from, to)}
  on conflict do nothing`

test('each parent of a list within a list costs a page of its index, however long the lists are', async () => {
  await expectSteadyWork(database.pool, {
    world: [threads(), spaces(), messages, runs, linksOfSpaces, linksOfThreads],
    statements: {
      messages: listMessages(USER, ids('thrd'), page, 1_000_000),
      'agent runs': listRuns(USER, ids('thrd'), page),
      'threads of spaces': listLinkedThreads(USER, ids('space'), page),
      'spaces of threads': listSpacesOfThreads(USER, ids('thrd'), page),
    },
  })
})
