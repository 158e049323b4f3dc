// Embeds a long thread with an embedder that answers immediately, compared with a bare bulk insert of the same vectors; and with a
// slow one, compared with the time that the embedder alone needs if it is never idle.
import { databaseKind, openGateway } from './gateway.mjs'
import { compare, median, timed, title } from './report.mjs'
import { addThreads, createSpace, insertVectors } from './store.mjs'
import { PlayedEmbedder } from './vectors.mjs'

const ROUNDS = 3
const MESSAGES = { postgres: 50_000, embedded: 10_000 }
const DIMENSIONS = [100, 256]
const SLOW_MESSAGES = 10_000
const SLOW_MS = 200

export async function run() {
  for (const dimensions of DIMENSIONS) await measureInstant(dimensions)
  await measureSlow()
}

async function measureInstant(dimensions) {
  const count = MESSAGES[databaseKind()]
  title(`backfill: ${count} messages, ${dimensions} dimensions, ${databaseKind()}, median of ${ROUNDS}`)
  const embedder = new PlayedEmbedder({ dimensions })
  // Computed in advance, so that neither measurement includes it.
  const vectors = Array.from({ length: count + 1 }, (_, number) => embedder.vectorOf(number))
  embedder.vectorOf = (number) => vectors[number]
  const took = { bare: [], pipeline: [] }
  const gateway = await openGateway({ embedder })
  try {
    const { space, threadId } = await openThread(gateway, count)
    for (let round = 0; round < ROUNDS; round++) {
      took.bare.push(await timed(() => insertBare(gateway.pool, embedder, count)))
      await clear(gateway.pool)
      took.pipeline.push(await timed(() => embed(gateway, space.id, threadId)))
      await gateway.call(REMOVE, { spaceId: space.id, threadId })
      await clear(gateway.pool)
    }
  } finally {
    await gateway.close()
  }
  compare('addThreadToSpace to COMPLETED', median(took.pipeline), {
    what: 'bare bulk insert',
    milliseconds: median(took.bare),
  })
}

async function measureSlow() {
  title(`backfill: ${SLOW_MESSAGES} messages, an embedder that takes ${SLOW_MS} ms a call, ${databaseKind()}`)
  const embedder = new PlayedEmbedder({ dimensions: DIMENSIONS[0] })
  const { embed: answer } = PlayedEmbedder.prototype
  embedder.embed = async (texts) => {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
    return answer.call(embedder, texts)
  }
  const gateway = await openGateway({ embedder })
  try {
    const { space, threadId } = await openThread(gateway, SLOW_MESSAGES)
    const took = await timed(() => embed(gateway, space.id, threadId))
    const calls = Math.ceil(SLOW_MESSAGES / embedder.batchSize)
    compare('addThreadToSpace to COMPLETED', took, {
      what: 'the embedder alone',
      milliseconds: Math.ceil(calls / embedder.concurrency) * SLOW_MS,
    })
  } finally {
    await gateway.close()
  }
}

async function openThread(gateway, messages) {
  const space = await createSpace(gateway)
  const { viewer } = await gateway.call('{ viewer { id } }')
  const [threadId] = await addThreads(gateway.pool, space, viewer.id, 1, messages)
  await gateway.pool.query('vacuum analyze')
  return { space, threadId }
}

const ADD = `mutation ($spaceId: ID!, $threadId: ID!) {
  addThreadToSpace(spaceId: $spaceId, threadId: $threadId) { backfill { id } }
}`
const REMOVE = `mutation ($spaceId: ID!, $threadId: ID!) {
  removeThreadFromSpace(spaceId: $spaceId, threadId: $threadId) { success }
}`

async function embed({ call, pool }, spaceId, threadId) {
  const { addThreadToSpace } = await call(ADD, { spaceId, threadId })
  for (;;) {
    const { rows } = await pool.query('select status from backfill where id = $1', [
      addThreadToSpace.backfill.id,
    ])
    if (rows[0].status === 'COMPLETED') return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** One transaction a batch, in which foreign keys are checked as cheaply as in Heddle's own. */
async function insertBare(pool, embedder, count) {
  const { rows } = await pool.query(`select 'halfvec'::regtype::oid::int as oid`)
  const session = await pool.connect()
  try {
    for (let start = 1; start <= count; start += embedder.batchSize) {
      const length = Math.min(embedder.batchSize, count - start + 1)
      const numbers = Array.from({ length }, (_, index) => start + index)
      await session.query('begin; set local plan_cache_mode = auto')
      await insertVectors(session, 'bare', embedder, numbers, rows[0].oid, count)
      await session.query('commit')
    }
  } finally {
    session.release()
  }
}

async function clear(pool) {
  await pool.query(`delete from embedding`)
  await pool.query('vacuum embedding')
}
