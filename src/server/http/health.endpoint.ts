import type { Database } from '../../platform/database/database.js'
import { ping } from '../../platform/database/database.sql.js'
import type { Bus } from '../../platform/events/bus.js'
import { settledWithin } from '../../platform/time.limit.js'

const DATABASE_MS = 2_000

export interface Readiness {
  status: 'ok' | 'degraded' | 'unavailable' | 'stopping'
  checks: { database: 'ok' | 'unavailable'; events: 'ok' | 'degraded' }
}

/** Whether this process accepts requests. It does so without the event bus: progress is only delayed then. */
export class HealthEndpoint {
  #stopping = false

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  /** From now on, load balancers should use other nodes. */
  stop(): void {
    this.#stopping = true
  }

  async check(): Promise<{ httpStatus: number; readiness: Readiness }> {
    const checks: Readiness['checks'] = {
      database: (await this.#databaseAnswers()) ? 'ok' : 'unavailable',
      events: this.bus.isConnected() ? 'ok' : 'degraded',
    }
    const status = this.#statusOf(checks)
    const isReady = status === 'ok' || status === 'degraded'
    return { httpStatus: isReady ? 200 : 503, readiness: { status, checks } }
  }

  #statusOf({ database, events }: Readiness['checks']): Readiness['status'] {
    if (this.#stopping) return 'stopping'
    return database === 'ok' ? events : 'unavailable'
  }

  async #databaseAnswers(): Promise<boolean> {
    let answered = false
    const query = this.db.query(ping()).then(() => {
      answered = true
    })
    await settledWithin(DATABASE_MS, query)
    return answered
  }
}
