import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from 'graphql'
import type { SubscribePayload } from 'graphql-ws'
import { HeddleError } from '../platform/errors.js'
import { type HeaderSource, readRequestInfo } from '../platform/request.js'
import type { ContextFactory, ServerContext } from './context.js'
import type { ErrorFormatter } from './error.format.js'
import { EventStream, toGraphqlError } from './event.stream.js'
import { prepareOperation } from './operation.prepare.js'

const MAX_OPERATIONS = 1_000

/** Runs the operations that come over WebSocket. Each is authenticated by itself, so that a revoked key stops. */
export class WebsocketOperations {
  readonly #executing = new Set<Promise<unknown>>()
  #stopping = false

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly contexts: ContextFactory,
    private readonly errors: ErrorFormatter,
  ) {}

  /** What to execute, or why not. It never throws, because that would end the socket and all that runs on it. */
  async prepare(
    header: HeaderSource,
    payload: SubscribePayload,
    running: number,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    const request = readRequestInfo(header)
    try {
      this.#requireRoom(running)
      const viewer = await this.contexts.identify(header, request)
      const document = prepareOperation(this.schema, payload)
      if (!('kind' in document)) {
        this.errors.claim(document, request)
        return document
      }
      return {
        schema: this.schema,
        document,
        operationName: payload.operationName,
        variableValues: payload.variables,
        contextValue: this.contexts.create(viewer, request),
      }
    } catch (thrown) {
      const error = toGraphqlError(thrown)
      this.errors.claim([error], request)
      return [error]
    }
  }

  execute(args: ExecutionArgs): Promise<ExecutionResult> {
    const result = Promise.resolve(execute(args))
    this.#executing.add(result)
    void result.finally(() => this.#executing.delete(result)).catch(() => undefined)
    return result
  }

  async subscribe(args: ExecutionArgs): Promise<EventStream | ExecutionResult> {
    const source = await createSourceEventStream(args)
    if (!(Symbol.asyncIterator in source)) return source
    // What was loaded for one event is old at the next.
    return new EventStream(source, (event) =>
      execute({
        ...args,
        rootValue: event,
        contextValue: this.contexts.renew(args.contextValue as ServerContext),
      }),
    )
  }

  formatResult(result: ExecutionResult, args: ExecutionArgs): FormattedExecutionResult {
    const { errors, ...rest } = result
    if (!errors) return rest
    const { request } = args.contextValue as ServerContext
    return { ...rest, errors: errors.map((error) => this.errors.format(error, request)) }
  }

  formatErrors(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    return errors.map(
      (error) =>
        this.errors.formatClaimed(error) ??
        this.errors.format(
          error,
          readRequestInfo(() => undefined),
        ),
    )
  }

  /** Takes no more, and resolves when the queries and mutations that run have come to an end. */
  async drain(): Promise<void> {
    this.#stopping = true
    await Promise.allSettled(this.#executing)
  }

  #requireRoom(running: number): void {
    if (this.#stopping) {
      throw new HeddleError('SERVICE_UNAVAILABLE', 'This server is stopping. Connect again.', {
        systemMessage: 'Server stopping',
      })
    }
    if (running > MAX_OPERATIONS) {
      throw new HeddleError(
        'RATE_LIMITED',
        `A connection may run ${MAX_OPERATIONS.toLocaleString('en')} operations at once.`,
        { systemMessage: 'Too many operations', details: { limit: MAX_OPERATIONS } },
      )
    }
  }
}
