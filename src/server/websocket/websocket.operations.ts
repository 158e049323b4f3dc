import type { ExecutionArgs, FormattedExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { HeddleError, invalid } from '../../platform/errors.js'
import { readRequestInfo } from '../../platform/request.js'
import { KeyedLimit } from '../../platform/workers/fair.limit.js'
import type { ErrorFormatter } from '../error.format.js'
import type { EventStream } from '../operations/event.stream.js'
import type { OperationPreparer, PreparedOperation } from '../operations/operation.prepare.js'
import { OperationRefusal } from '../operations/operation.refusal.js'
import { readOperationRequest } from '../operations/operation.request.js'
import type { OperationRunner } from '../operations/operation.runner.js'
import type { Arrival } from './websocket.connection.js'
import type { WebsocketSession } from './websocket.session.js'

// Of each caller: whoever starts thousands of operations at once does not hold up those of others.
const MAX_STARTING = 4

/** Runs operations received over WebSocket. Each one is authenticated, so that a revoked key takes effect. */
export class WebsocketOperations {
  readonly #executing = new Set<Promise<unknown>>()
  readonly #starting = new KeyedLimit(MAX_STARTING)
  #stopping = false

  constructor(
    private readonly preparer: OperationPreparer,
    private readonly runner: OperationRunner,
    private readonly errors: ErrorFormatter,
  ) {}

  /** Execution arguments or errors. Never throws, because that would close the socket and end all its operations. */
  async prepare(
    { connection: { session }, takeRoom }: Arrival,
    payload: SubscribePayload,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const { holder } = session
    const request = session.readRequest()
    try {
      if (this.#stopping) throw stopping()
      takeRoom()
      return await this.#starting.run(holder.key, async () => {
        // Nobody is left to answer.
        if (session.isEnded) throw invalid('The socket has closed.')
        const viewer = await session.identify(request)
        return this.preparer.prepare(readOperationRequest(payload), { viewer, holder, request })
      })
    } catch (thrown) {
      const { errors } = thrown instanceof OperationRefusal ? thrown : OperationRefusal.for(thrown)
      this.errors.claim(errors, request)
      return errors
    }
  }

  execute(args: ExecutionArgs): Promise<FormattedExecutionResult> {
    const result = this.runner.run(args as PreparedOperation)
    this.#executing.add(result)
    void result.finally(() => this.#executing.delete(result))
    return result
  }

  subscribe(args: ExecutionArgs): Promise<EventStream | FormattedExecutionResult> {
    const operation = args as PreparedOperation
    return this.#starting.run(operation.caller.holder.key, () => this.runner.subscribe(operation))
  }

  formatErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    const unknown = readRequestInfo(() => undefined)
    return errors.map((error) => this.errors.formatClaimed(error) ?? this.errors.format(error, unknown))
  }

  /** Why a message is rejected before it is parsed. */
  refuse(thrown: unknown, session: WebsocketSession): GraphQLFormattedError[] {
    return [this.errors.format(thrown, session.readRequest())]
  }

  /** Accepts no more operations, and resolves when running queries and mutations have ended. */
  async drain(): Promise<void> {
    this.#stopping = true
    await Promise.allSettled(this.#executing)
  }
}

function stopping(): HeddleError {
  return new HeddleError('SERVICE_UNAVAILABLE', 'This server is shutting down. Reconnect.', {
    systemMessage: 'Server stopping',
  })
}
