import type { FormattedExecutionResult } from 'graphql'

type Reply = FormattedExecutionResult

/**
 * The results of a subscription: one execution per event of the source. An error thrown by the source, as when access is
 * lost, becomes the last result, so that the client is told and the stream completes. `return` leaves the source at once,
 * even while it waits for an event, which an async generator could not do.
 */
export class EventStream implements AsyncIterableIterator<Reply> {
  readonly #source: AsyncIterator<unknown>
  #ended = false

  constructor(
    source: AsyncIterable<unknown>,
    private readonly execute: (event: unknown) => Promise<Reply>,
    private readonly refuse: (thrown: unknown) => Reply,
  ) {
    this.#source = source[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Reply, undefined>> {
    if (this.#ended) return { value: undefined, done: true }
    try {
      const event = await this.#source.next()
      if (event.done || this.#ended) return this.#end()
      return { value: await this.execute(event.value), done: false }
    } catch (error) {
      // Errors after the source was left no longer matter.
      if (this.#ended) return { value: undefined, done: true }
      this.#ended = true
      return { value: this.refuse(error), done: false }
    }
  }

  async return(): Promise<IteratorResult<Reply, undefined>> {
    this.#ended = true
    await this.#source.return?.()
    return { value: undefined, done: true }
  }

  #end(): IteratorResult<Reply, undefined> {
    this.#ended = true
    return { value: undefined, done: true }
  }
}
