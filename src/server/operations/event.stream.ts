import type { FormattedExecutionResult } from 'graphql'

type Reply = FormattedExecutionResult

/**
 * The results of a subscription: each event of the source, executed. An error that the source throws, as when access
 * is lost, is the last result, so that the client learns of it and the stream completes. Leaving the stream leaves
 * the source at once, even while it waits for an event: an async generator would wait with it.
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
      // What fails because the source was left is of no interest any more.
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
