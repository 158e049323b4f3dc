import { EmbedderUnavailableError, isAnswer } from '../embedders/embedder.js'

/** No call was made: the embedder asked to be left alone a while longer. */
export class EmbedderRestingError extends EmbedderUnavailableError {
  override readonly name = 'EmbedderRestingError'

  constructor(
    reason: string,
    readonly leftMs: number,
  ) {
    super(reason, leftMs)
  }
}

interface Rest {
  until: number
  /** what the embedder said when it asked for it */
  reason: string
}

/**
 * Keeps to what an embedder asks for with Retry-After: nobody calls it until then. After that one call goes alone, and
 * the others follow once it is answered, so that all who waited do not come at once.
 */
export class EmbedderRest {
  #rest: Rest | null = null
  /** the call that goes alone; it does not fail here */
  #probe: Promise<void> | null = null

  /** Throws EmbedderRestingError, with the time that is left, instead of calling too early. */
  async run<Result>(signal: AbortSignal, call: () => Promise<Result>): Promise<Result> {
    while (this.#rest) {
      signal.throwIfAborted()
      const leftMs = this.#rest.until - performance.now()
      if (leftMs > 0) throw new EmbedderRestingError(this.#rest.reason, leftMs)
      if (!this.#probe) return this.#callAlone(call)
      await this.#probe
    }
    return this.#call(call)
  }

  async #callAlone<Result>(call: () => Promise<Result>): Promise<Result> {
    const probe = this.#call(call)
    const rest = this.#rest
    const end = (isAnswered: boolean) => {
      this.#probe = null
      // A call that was begun before may have been asked for another rest meanwhile.
      if (isAnswered && this.#rest === rest) this.#rest = null
    }
    this.#probe = probe.then(
      () => end(true),
      (error: unknown) => end(isAnswer(error)),
    )
    return probe
  }

  async #call<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof EmbedderUnavailableError && error.retryAfterMs !== null) {
        const until = Math.max(performance.now() + error.retryAfterMs, this.#rest?.until ?? 0)
        this.#rest = { until, reason: error.message }
      }
      throw error
    }
  }
}
