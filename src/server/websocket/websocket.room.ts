import { HeddleError } from '../../platform/errors.js'
import type { BodyBudget } from '../http/body.budget.js'
import type { Tally } from '../tally.js'
import type { WebsocketSession } from './websocket.session.js'

/** Limits the operations of one socket and of its user, by number and by size. */
export class OperationRoom {
  #running = 0

  constructor(
    private readonly session: WebsocketSession,
    private readonly limit: number,
    private readonly operations: Tally,
    private readonly bodies: BodyBudget,
  ) {}

  /** Throws RATE_LIMITED or SERVICE_UNAVAILABLE at a limit. @returns a function that releases the capacity */
  take(bytes: number): () => void {
    const { userId, key } = this.session.holder
    if (this.#running >= this.limit) throw tooMany('A connection', this.limit)
    const body = this.bodies.open(userId)
    body.take(bytes)
    if (!this.operations.take(key)) {
      body.giveBack()
      throw tooMany('A user', this.operations.limit)
    }
    this.#running += 1
    return () => {
      this.#running -= 1
      this.operations.giveBack(key)
      body.giveBack()
    }
  }
}

function tooMany(who: string, limit: number): HeddleError {
  return new HeddleError(
    'RATE_LIMITED',
    `${who} may run ${limit.toLocaleString('en')} operations at once over WebSocket.`,
    { systemMessage: 'Too many operations', details: { limit } },
  )
}
