import { HeddleError } from '../../platform/errors.js'
import type { Caller } from '../operations/operation.prepare.js'

/** How many streams each user, or each address without a credential, has open here. */
export class StreamCount {
  readonly #open = new Map<string, number>()

  constructor(private readonly limit: number) {}

  /** Throws RATE_LIMITED. @returns what is called, once, when the stream has ended */
  enter({ viewer, address }: Pick<Caller, 'viewer' | 'address'>): () => void {
    const key = viewer ? `user ${viewer.userId}` : `address ${address}`
    const open = this.#open.get(key) ?? 0
    if (open >= this.limit) throw tooMany(this.limit)
    this.#open.set(key, open + 1)
    return () => this.#leave(key)
  }

  #leave(key: string): void {
    const open = (this.#open.get(key) ?? 0) - 1
    if (open > 0) this.#open.set(key, open)
    else this.#open.delete(key)
  }
}

function tooMany(limit: number): HeddleError {
  return new HeddleError(
    'RATE_LIMITED',
    `At most ${limit.toLocaleString('en')} streams may be open at once.`,
    {
      systemMessage: 'Too many streams',
      details: { limit },
    },
  )
}
