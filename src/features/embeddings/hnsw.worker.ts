import type { PoolClient } from 'pg'
import type { Database } from '../../platform/database/database.js'
import { sha256 } from '../../platform/ids.js'
import type { Logger } from '../../platform/log.js'
import { WorkerLoop } from '../../platform/workers/worker.loop.js'
import {
  cancelBackend,
  countStoredVectors,
  createIndex,
  deleteVectorIndex,
  dropIndex,
  type IndexCandidate,
  insertVectorIndex,
  markIndexReady,
  raiseIndexedVectors,
  selectIndexCandidates,
  selectVectorVersion,
  tryIndexTurn,
} from './hnsw.sql.js'

export interface HnswOptions {
  /** vectors from which a store gets an index; it is dropped below half of that */
  minVectors: number
  /** memory for a build in megabytes */
  memoryMb: number
  /** polling interval in milliseconds; default 10,000 */
  pollMs?: number
}

// Inserting into an index takes a few hundred vectors per second, a build thousands. If more than this share, or number, of
// a store's messages is still to come, the index would slow the worker down.
const MOST_PENDING_SHARE = 0.02
const MOST_PENDING = 2_000

// Deleted vectors stay in the graph and cost time and recall until a vacuum, which takes longer than a rebuild.
const FEWEST_LEFT_SHARE = 0.75

// Parallel builds of earlier pgvector versions could fail.
const PARALLEL_SINCE = [0, 8, 4]

/**
 * Builds a vector index for each large store, and drops it if the store shrinks, is being filled, or lost many vectors. Runs
 * on one node at a time. Searches never wait for it: without an index they are exact.
 */
export class HnswWorker {
  readonly #loop: WorkerLoop
  #building: number | null = null
  #isStopping = false

  constructor(
    private readonly db: Database,
    private readonly logger: Logger,
    private readonly options: HnswOptions,
  ) {
    this.#loop = new WorkerLoop('vector indexes', () => this.#look(), logger, options.pollMs ?? 10_000)
  }

  start(): void {
    this.#loop.start()
  }

  /** Cancels a running build; the next node to run cleans up. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all([this.#loop.stop(), this.#cancelBuild()])
  }

  async #look(): Promise<void> {
    // Its settings and its advisory lock end with the session.
    const session = await this.db.direct.connect()
    try {
      const { text, values } = tryIndexTurn()
      const { rows } = await session.query<{ isOurs: boolean; pid: number }>(text, [...values])
      if (!rows[0]?.isOurs) return
      this.#building = rows[0].pid
      await this.#keep(session)
    } finally {
      this.#building = null
      session.release(true)
    }
  }

  async #cancelBuild(): Promise<void> {
    if (this.#building === null) return
    await this.db.query(cancelBackend(this.#building)).catch((error: unknown) => {
      // If the build cannot be canceled, closing the connection leaves it to the server.
      this.logger.warn({ err: error }, 'the build of a vector index could not be canceled')
    })
  }

  async #keep(session: PoolClient): Promise<void> {
    const { minVectors } = this.options
    for (const candidate of await this.db.query(selectIndexCandidates(Math.ceil(minVectors / 2)))) {
      if (this.#isStopping) return
      const { storeId, vectors, indexedVectors } = candidate
      if (indexedVectors !== null && !(await this.#isKept(candidate))) await this.#drop(session, storeId)
      else if (indexedVectors !== null && vectors > indexedVectors) {
        await this.db.query(raiseIndexedVectors(storeId, vectors))
      } else if (indexedVectors === null && vectors >= minVectors && !isBeingFilled(candidate)) {
        await this.#build(session, candidate)
      }
    }
  }

  /**
   * Drops what a node that died left unfinished. Vectors of soft-deleted threads stay in the store: they are counted only
   * once live ones are missing.
   */
  async #isKept(candidate: IndexCandidate): Promise<boolean> {
    if (!candidate.isReady || isBeingFilled(candidate)) return false
    return (
      this.#isWhole(candidate) || this.#isWhole({ ...candidate, vectors: await this.#countStored(candidate) })
    )
  }

  #isWhole({ vectors, indexedVectors }: IndexCandidate): boolean {
    return vectors >= this.options.minVectors / 2 && vectors >= (indexedVectors ?? 0) * FEWEST_LEFT_SHARE
  }

  async #countStored({ storeId }: IndexCandidate): Promise<number> {
    const [stored] = await this.db.query(countStoredVectors(storeId))
    return stored?.vectors ?? 0
  }

  async #build(session: PoolClient, candidate: IndexCandidate): Promise<void> {
    const { storeId, dimensions } = candidate
    const start = performance.now()
    const vectors = await this.#countStored(candidate)
    await this.db.query(insertVectorIndex(storeId, vectors))
    await session.query(`set maintenance_work_mem = '${this.options.memoryMb}MB'`)
    if (!(await this.#buildsInParallel())) await session.query('set max_parallel_maintenance_workers = 0')
    // The name of an index that a node which died had started to build.
    await session.query(dropIndex(nameOf(storeId)))
    await session.query(createIndex(nameOf(storeId), storeId, dimensions))
    await this.db.query(markIndexReady(storeId))
    const tookMs = Math.round(performance.now() - start)
    this.logger.info({ storeId, vectors, tookMs }, 'vector index built')
  }

  async #drop(session: PoolClient, storeId: string): Promise<void> {
    await session.query(dropIndex(nameOf(storeId)))
    await this.db.query(deleteVectorIndex(storeId))
    this.logger.info({ storeId }, 'vector index dropped')
  }

  async #buildsInParallel(): Promise<boolean> {
    const [found] = await this.db.query(selectVectorVersion())
    const version = (found?.version ?? '').split('.').map(Number)
    for (const [place, least] of PARALLEL_SINCE.entries()) {
      const part = version[place] ?? 0
      if (part !== least) return part > least
    }
    return true
  }
}

function isBeingFilled({ pending, vectors }: IndexCandidate): boolean {
  return pending > Math.max(MOST_PENDING, vectors * MOST_PENDING_SHARE)
}

function nameOf(storeId: string): string {
  return `embedding_hnsw_${sha256(storeId).slice(0, 32)}`
}
