// The four mutations that Heddle is about, each beside its own statements, recorded once and run bare in one transaction.
import { databaseKind, openGateway } from './gateway.mjs'
import { compare, median, timed, title } from './report.mjs'
import { recordTransaction, replay } from './statements.mjs'
import { createSpace } from './store.mjs'

const ROUNDS = 30
const MESSAGES = 10
const OWN_THREADS = 100
const BARE_USER = 'user_bare'
const RARELY = { pollMs: 3_600_000 }
// Workers would write beside what is measured.
const IDLE = {
  backfill: { parallel: 0 },
  outbox: RARELY,
  purge: RARELY,
  reembedding: RARELY,
  housekeeping: RARELY,
}

const ADD =
  'mutation ($space: ID!, $thread: ID!) { addThreadToSpace(spaceId: $space, threadId: $thread) { message } }'
const REMOVE =
  'mutation ($space: ID!, $thread: ID!) { removeThreadFromSpace(spaceId: $space, threadId: $thread) { message } }'
const DELETE = 'mutation ($thread: ID!) { deleteThread(threadId: $thread, mode: PERMANENT) { status } }'
const DELETE_ALL = 'mutation { deleteAllThreads { deleted } }'

export async function run() {
  title(`mutations: ${databaseKind()}, median of ${ROUNDS}`)
  const gateway = await openGateway({ timings: IDLE })
  try {
    const took = await measure(gateway)
    for (const [name, { bare, whole }] of Object.entries(took)) {
      compare(name, median(whole), { what: 'its statements', milliseconds: median(bare) })
    }
  } finally {
    await gateway.close()
  }
}

async function measure({ pool, call }) {
  const { viewer } = await call('{ viewer { id } }')
  const { id: space, organizationId } = await createSpace({ call })
  await addMember(pool, organizationId)
  const calls = {
    addThreadToSpace: (thread) => call(ADD, { space, thread }),
    removeThreadFromSpace: (thread) => call(REMOVE, { space, thread }),
    'deleteThread (PERMANENT)': (thread) => call(DELETE, { thread }),
    [`deleteAllThreads of ${OWN_THREADS} (SOFT)`]: () => call(DELETE_ALL),
  }
  const took = Object.fromEntries(Object.keys(calls).map((name) => [name, { bare: [], whole: [] }]))
  const recorded = {}
  // The first round records, and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    const thread = await addThreads(pool, organizationId, viewer.id, `own${round}x`)
    const bareThread = await addThreads(pool, organizationId, BARE_USER, `bare${round}x`)
    for (const [name, mutate] of Object.entries(calls)) {
      if (round === 0) recorded[name] = { thread, statements: await recordTransaction(() => mutate(thread)) }
      const { thread: recordedThread, statements } = recorded[name]
      const runBare = () => replay(pool, statements, { [recordedThread]: bareThread, [viewer.id]: BARE_USER })
      const milliseconds = { bare: await timed(runBare) }
      if (round === 0) continue
      milliseconds.whole = await timed(() => mutate(thread))
      for (const kind of ['bare', 'whole']) took[name][kind].push(milliseconds[kind])
    }
  }
  return took
}

async function addMember(pool, organizationId) {
  await pool.query('insert into "user" (id) values ($1)', [BARE_USER])
  await pool.query(
    `insert into member (organization_id, user_id, role, accepted_at) values ($1, $2, 'OWNER', now())`,
    [organizationId, BARE_USER],
  )
}

/** As many as a deletion of all takes. @returns the id of the first, which has messages */
async function addThreads(pool, organizationId, ownerId, prefix) {
  await pool.query(
    `insert into thread (id, owner_id, organization_id, message_count, last_sequence)
     select $3::text || n, $2, $1, case when n = 1 then $5::int else 0 end, $5::int
     from generate_series(1, $4::int + 1) n`,
    [organizationId, ownerId, prefix, OWN_THREADS, MESSAGES],
  )
  await pool.query(
    `insert into message (id, thread_id, sequence, role, content, content_hash)
     select $1::text || '1m' || s, $1::text || '1', s, 'USER', 'a message', sha256('x') from generate_series(1, $2::int) s`,
    [prefix, MESSAGES],
  )
  await pool.query(
    'update usage set threads = threads + $2::int, messages = messages + $3::int where organization_id = $1',
    [organizationId, OWN_THREADS + 1, MESSAGES],
  )
  return `${prefix}1`
}
