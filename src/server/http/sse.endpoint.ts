import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'
import { HeddleError } from '../../platform/errors.js'
import type { RequestInfo } from '../../platform/request.js'
import type { ErrorFormatter } from '../error.format.js'
import type { PreparedOperation } from '../operations/operation.prepare.js'
import { OperationRefusal } from '../operations/operation.refusal.js'
import type { OperationRunner } from '../operations/operation.runner.js'
import type { Tally } from '../tally.js'
import { requireEventStream } from './http.accept.js'
import { formatFailure } from './http.failure.js'
import { allowMethods, STREAM_RULES } from './http.operation.js'
import { setPointsLeft } from './http.reply.js'
import type { RequestReader } from './request.reader.js'
import { SseStream } from './sse.stream.js'

/** `/graphql/stream`: one operation per request, with replies as server-sent events. Source: graphql-sse's protocol. */
export class SseEndpoint {
  readonly #open = new Set<SseStream>()

  constructor(
    private readonly reader: RequestReader,
    private readonly runner: OperationRunner,
    private readonly errors: ErrorFormatter,
    private readonly streams: Tally,
    private readonly writeTimeoutMs: number,
  ) {}

  async handle(request: IncomingMessage, response: ServerResponse, info: RequestInfo): Promise<void> {
    if (allowMethods(request, response)) return
    requireEventStream(request)
    try {
      const operation = await this.reader.prepare(request, response, info, STREAM_RULES)
      if (response.destroyed) return
      const { key } = operation.caller.holder
      if (!this.streams.take(key)) throw tooMany(this.streams.limit)
      response.once('close', () => this.streams.giveBack(key))
      setPointsLeft(response, operation.pointsLeft)
      await this.#stream(response, await this.#repliesOf(operation))
    } catch (thrown) {
      if (!(thrown instanceof OperationRefusal)) throw thrown
      const errors = formatFailure(thrown, request, this.errors, info)
      if (errors) await this.#stream(response, [{ errors }])
    }
  }

  /** Ends every stream so that its client reconnects. */
  stop(): void {
    for (const stream of this.#open) stream.abandon()
  }

  async #repliesOf(
    operation: PreparedOperation,
  ): Promise<AsyncIterable<FormattedExecutionResult> | FormattedExecutionResult[]> {
    const isSubscription = operation.kind === 'subscription'
    const result = await (isSubscription ? this.runner.subscribe(operation) : this.runner.run(operation))
    return Symbol.asyncIterator in result ? result : [result]
  }

  async #stream(
    response: ServerResponse,
    replies: AsyncIterable<FormattedExecutionResult> | FormattedExecutionResult[],
  ): Promise<void> {
    // Leaving the loop below would wait for the next event.
    const leave = () => Symbol.asyncIterator in replies && void replies[Symbol.asyncIterator]().return?.()
    if (response.destroyed) return void leave()
    const stream = new SseStream(response, this.writeTimeoutMs)
    this.#open.add(stream)
    response.once('close', () => {
      this.#open.delete(stream)
      leave()
    })
    for await (const reply of replies) if (!(await stream.next(reply))) return
    stream.complete()
  }
}

function tooMany(limit: number): HeddleError {
  return new HeddleError(
    'RATE_LIMITED',
    `At most ${limit.toLocaleString('en')} streams may be open at once.`,
    { systemMessage: 'Too many streams', details: { limit } },
  )
}
