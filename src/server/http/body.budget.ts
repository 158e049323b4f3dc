import { HeddleError } from '../../platform/errors.js'

// So that no caller alone can use up the memory for all.
const SHARE = 4

/** Limits the memory of all request bodies in flight; one caller may use a quarter, and so may all anonymous ones together. */
export class BodyBudget {
  #taken = 0
  readonly #takenBy = new Map<string, number>()

  constructor(private readonly limit: number) {}

  /** @param userId null: anonymous */
  open(userId: string | null): BodyRoom {
    return new BodyRoom((bytes) => this.#take(userId ?? '', bytes))
  }

  #take(caller: string, bytes: number): void {
    const ofCaller = (this.#takenBy.get(caller) ?? 0) + bytes
    if (bytes > 0 && (this.#taken + bytes > this.limit || ofCaller > this.limit / SHARE)) throw noRoom()
    this.#taken += bytes
    if (ofCaller > 0) this.#takenBy.set(caller, ofCaller)
    else this.#takenBy.delete(caller)
  }
}

/** The memory of one body, until it is released. */
export class BodyRoom {
  #taken = 0

  constructor(private readonly reserve: (bytes: number) => void) {}

  /** Throws SERVICE_UNAVAILABLE if the limit is exceeded. */
  take(bytes: number): void {
    this.reserve(bytes)
    this.#taken += bytes
  }

  giveBack(): void {
    this.reserve(-this.#taken)
    this.#taken = 0
  }
}

function noRoom(): HeddleError {
  return new HeddleError(
    'SERVICE_UNAVAILABLE',
    'Too many large requests are being received. Try again in a moment.',
    {
      systemMessage: 'No room for another body',
    },
  )
}
