import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { expectSoundRest } from '../../support/rest.js'
import { embeddedSpace, ended, NEXT, reembed, startTwoModels } from './reembedding.fixture.js'

/** What the transaction writes that puts a new memory in the place of the old one. */

let app: TestApp

// Every row that is changed in the transaction in which a store becomes the one that answers.
const LOG = `
  create table written_rows (xid xid8, what text);
  create function log_row() returns trigger language plpgsql as $$
  begin insert into written_rows values (pg_current_xact_id(), tg_table_name); return null; end $$;`
const LOGGED = [
  'embedding_store',
  'store_thread',
  'space_thread',
  'space',
  'embedding',
  'backfill',
  'reembedding',
]
const SWITCHED = `
  select what, count(*)::int as rows from written_rows
  where xid = (select w.xid from written_rows w where w.what = 'embedding_store'
    group by w.xid having count(*) = 2 order by w.xid desc limit 1)
  group by what order by what`

beforeAll(async () => {
  ;({ app } = await startTwoModels())
  await app.pool.query(LOG)
  for (const table of LOGGED) {
    await app.pool.query(
      `create trigger log_row after insert or update or delete on ${table} for each row execute function log_row()`,
    )
  }
})
afterAll(() => app[Symbol.asyncDispose]())

test('a switch writes as many rows in a space of 40 threads as in one of 4: two stores and the re-embedding', async () => {
  for (const threads of [4, 40]) {
    const { owner, organization, space } = await embeddedSpace(app, 2)
    for (let count = 1; count < threads; count++) {
      const thread = await app.seed.thread({ organization, messages: 2 })
      await app.seed.embedded(owner, await app.seed.link(space, thread))
    }
    await app.pool.query('delete from written_rows')
    const { id } = await reembed(space)

    expect(await ended(owner, id)).toMatchObject({ status: 'COMPLETED', model: NEXT.model })

    expect((await app.pool.query(SWITCHED)).rows).toEqual([
      { what: 'embedding_store', rows: 2 },
      { what: 'reembedding', rows: 1 },
    ])
    await expectSoundRest(app.pool)
  }
})
