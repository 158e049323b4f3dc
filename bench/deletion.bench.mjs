// Deletes all threads of a user, softly and permanently, and restores them, compared with the bare statements on as many rows.
import { databaseKind, openGateway } from './gateway.mjs'
import { compare, median, timed, title } from './report.mjs'

const ROUNDS = 3
const THREADS = { postgres: 100_000, embedded: 10_000 }
const MESSAGES_A_THREAD = 3
// As long as Heddle's ids, because longer rows need more space in their pages.
const BARE_BATCH_ID = 'del_00000000000000000000000000'

export async function run() {
  const kind = databaseKind()
  const count = THREADS[kind]
  title(`deletion: ${count} threads with ${MESSAGES_A_THREAD} messages each, ${kind}, median of ${ROUNDS}`)
  const gateway = await openGateway()
  const took = { bareHide: [], hide: [], bareShow: [], restore: [], barePurge: [], answer: [], purge: [] }
  try {
    const { viewer } = await gateway.call('{ viewer { id } }')
    const { createOrganization } = await gateway.call(
      'mutation { createOrganization(name: "Bench") { organization { id } } }',
    )
    const organizationId = createOrganization.organization.id
    for (let round = 0; round < ROUNDS; round++) {
      await measure(gateway, { organizationId, ownerId: viewer.id, round, count }, took)
    }
  } finally {
    await gateway.close()
  }
  const bare = (values) => ({ what: 'bare statement', milliseconds: median(values) })
  compare('deleteAllThreads (SOFT)', median(took.hide), bare(took.bareHide))
  compare('restoreThreads', median(took.restore), bare(took.bareShow))
  compare('deleteAllThreads (PERMANENT): the reply', median(took.answer), bare(took.bareHide))
  compare('deleteAllThreads (PERMANENT): all is gone', median(took.purge), bare(took.barePurge))
}

/** One round: the same number of threads for the bare statements and for Heddle, each with a separate owner. */
async function measure({ pool, call }, { organizationId, ownerId, round, count }, took) {
  const bareId = `user_bare_${round}`
  await addThreads(pool, organizationId, bareId, `bare${round}`, count)
  await addThreads(pool, organizationId, ownerId, `own${round}`, count)
  // Both in pages that are filled alike: those of a later round would else lie where earlier ones have left room, and be
  // several times as fast to change for whichever has the better places.
  await pool.query('vacuum (full, analyze) thread')

  took.bareHide.push(
    await timed(() =>
      pool.query(
        'update thread set deleted_at = now(), deletion_batch_id = $2 where owner_id = $1 and deleted_at is null',
        [bareId, BARE_BATCH_ID],
      ),
    ),
  )
  // Otherwise the next reader would clean up dead rows that the bare statement left.
  await pool.query('vacuum thread')
  let batchId
  took.hide.push(
    await timed(async () => {
      const { deleteAllThreads } = await call('mutation { deleteAllThreads { deleted batchId } }')
      requireCount(deleteAllThreads.deleted, count)
      batchId = deleteAllThreads.batchId
    }),
  )
  await pool.query('vacuum thread')
  took.bareShow.push(
    await timed(() =>
      pool.query('update thread set deleted_at = null, deletion_batch_id = null where owner_id = $1', [
        bareId,
      ]),
    ),
  )
  await pool.query('vacuum thread')
  took.restore.push(
    await timed(async () => {
      const { restoreThreads } = await call(
        'mutation ($batchId: ID!) { restoreThreads(batchId: $batchId) { restored } }',
        { batchId },
      )
      requireCount(restoreThreads.restored, count)
    }),
  )
  await pool.query('vacuum thread')
  took.barePurge.push(await timed(() => pool.query('delete from thread where owner_id = $1', [bareId])))
  const { threadsDeletionPreview } = await call('{ threadsDeletionPreview { confirmationToken } }')
  const began = performance.now()
  await call(
    'mutation ($token: String) { deleteAllThreads(mode: PERMANENT, confirmationToken: $token) { deleted } }',
    { token: threadsDeletionPreview.confirmationToken },
  )
  took.answer.push(performance.now() - began)
  await untilGone(pool, ownerId)
  took.purge.push(performance.now() - began)
}

async function addThreads(pool, organizationId, ownerId, prefix, count) {
  await pool.query(
    `insert into thread (id, owner_id, organization_id, message_count, last_sequence, last_message_id, last_message_at)
     select $3::text || n, $2, $1, $5::int, $5::int, $3::text || n || '-' || $5::int, now() from generate_series(1, $4::int) n`,
    [organizationId, ownerId, prefix, count, MESSAGES_A_THREAD],
  )
  // The foreign key of messages would be checked by a plan of when the table was empty: a scan for each message.
  await pool.query('analyze thread')
  await pool.query(
    `insert into message (id, thread_id, sequence, role, content, content_hash)
     select $1::text || n || '-' || s, $1::text || n, s, 'USER', 'a message of the usual length, give or take', sha256('x')
     from generate_series(1, $2::int) n, generate_series(1, $3::int) s`,
    [prefix, count, MESSAGES_A_THREAD],
  )
  await pool.query(
    'update usage set threads = threads + $2::int, messages = messages + $2::int * $3::int where organization_id = $1',
    [organizationId, count, MESSAGES_A_THREAD],
  )
}

async function untilGone(pool, ownerId) {
  for (;;) {
    const { rows } = await pool.query('select exists (select from thread where owner_id = $1) as "isThere"', [
      ownerId,
    ])
    if (!rows[0].isThere) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function requireCount(found, expected) {
  if (found !== expected) throw new Error(`${found} threads instead of ${expected}`)
}
