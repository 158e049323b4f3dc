// Searches a space by meaning: exactly, and by its index, with the share of the right hits that the index finds.
import { databaseKind, openGateway } from './gateway.mjs'
import { compare, median, note, timed, title } from './report.mjs'
import { addThreads, createSpace, fillSpace } from './store.mjs'
import { PlayedEmbedder, textOf } from './vectors.mjs'

const QUERIES = 50
const FIRST = 10
const DIMENSIONS = 256
// Vectors of a space, and whether it is large enough for an index.
const SIZES = { postgres: [20_000, 500_000], embedded: [10_000] }
const INDEXED_FROM = 50_000
const INDEX_WAIT_MS = 3_600_000

const SEARCH = `query ($spaceId: ID!, $query: String!, $first: Int) {
  searchSpace(spaceId: $spaceId, query: $query, first: $first, mode: SEMANTIC) { edges { node { id } } }
}`

export async function run() {
  for (const size of SIZES[databaseKind()]) await measure(size)
}

async function measure(size) {
  title(`search: ${size} vectors of ${DIMENSIONS} dimensions, ${databaseKind()}, median of ${QUERIES}`)
  const embedder = new PlayedEmbedder({ dimensions: DIMENSIONS })
  const gateway = await openGateway({ embedder, environment: { VECTOR_INDEX_MEMORY_MB: '1024' } })
  try {
    const allowIndexes = await keepIndexesAway(gateway)
    const space = await createSpace(gateway)
    const { viewer } = await gateway.call('{ viewer { id } }')
    await addThreads(gateway.pool, space, viewer.id, size / 100)
    await fillSpace(gateway.pool, space, embedder, size / 100)
    const exact = await searchAll(gateway, space.id, embedder)
    const floor = { what: 'bare statement', milliseconds: median(exact.bareMs) }
    compare('searchSpace, exact', median(exact.tookMs), floor)
    await allowIndexes()
    if (size < INDEXED_FROM || databaseKind() === 'embedded') return
    const buildMs = await timed(() => untilIndexed(gateway))
    const indexed = await searchAll(gateway, space.id, embedder)
    compare('searchSpace, by the index', median(indexed.tookMs), { ...floor, what: 'exact' })
    note(`recall of the first ${FIRST}`, recall(exact.found, indexed.found).toFixed(3))
    note('building the index took', `${(buildMs / 1_000).toFixed(0)} s`)
  } finally {
    await gateway.close()
  }
}

/** The same questions for every measurement: none of them is the text of a message. */
async function searchAll({ call, pool }, spaceId, embedder) {
  const took = { tookMs: [], bareMs: [], found: [] }
  for (let query = 0; query < QUERIES; query++) {
    const number = 10_000_000 + query
    const vector = `[${embedder.vectorOf(number).join()}]`
    took.bareMs.push(
      await timed(() =>
        pool.query(
          `select message_id from embedding where store_id = $1 order by vector <=> $2::halfvec limit ${FIRST}`,
          [spaceId, vector],
        ),
      ),
    )
    let found
    took.tookMs.push(
      await timed(async () => {
        found = await call(SEARCH, { spaceId, query: textOf(number), first: FIRST })
      }),
    )
    took.found.push(found.searchSpace.edges.map(({ node }) => node.id))
  }
  return took
}

function recall(exact, found) {
  const shares = exact.map((ids, query) => ids.filter((id) => found[query].includes(id)).length / ids.length)
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

/** Takes the turn that a node takes before it builds an index. @returns what gives it back */
async function keepIndexesAway({ pool }) {
  const session = await pool.connect()
  await session.query(`select pg_advisory_lock(hashtextextended('heddle vector indexes', 0))`)
  return async () => {
    await session.query('select pg_advisory_unlock_all()')
    session.release()
  }
}

async function untilIndexed({ pool }) {
  const deadline = performance.now() + INDEX_WAIT_MS
  while (performance.now() < deadline) {
    const { rows } = await pool.query('select from vector_index where ready_at is not null')
    if (rows.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  throw new Error('The index was not built in time')
}
