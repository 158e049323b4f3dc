import { AsyncLocalStorage } from 'node:async_hooks'
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  type GraphQLSchema,
} from 'graphql'
import { HeddleError, invalid } from '../../platform/errors.js'
import type { Logger } from '../../platform/log.js'
import type { ServerContext } from '../context.js'
import type { ErrorFormatter } from '../error.format.js'
import { EventStream } from './event.stream.js'
import type { PreparedOperation } from './operation.prepare.js'
import { isLargerThan } from './reply.size.js'
import { operationKey, SharedResults } from './shared.results.js'

export interface RunLimits {
  /** of a query or a mutation */
  timeoutMs: number
  /** of one reply, as JSON */
  replyBytes: number
}

/** Runs what has been prepared, for every transport: within its time, to a reply of bounded size, with Heddle's errors. */
export class OperationRunner {
  readonly #apollo: ApolloServer<ServerContext>
  // Apollo asks its store for the document that it would otherwise parse and validate again.
  readonly #document = new AsyncLocalStorage<DocumentNode>()
  readonly #shared = new SharedResults()

  constructor(
    schema: GraphQLSchema,
    private readonly errors: ErrorFormatter,
    private readonly limits: RunLimits,
    logger: Logger,
  ) {
    this.#apollo = new ApolloServer<ServerContext>({
      schema,
      introspection: true,
      // Otherwise NODE_ENV decides what some of the other options are.
      nodeEnv: 'production',
      persistedQueries: false,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      documentStore: {
        get: async () => this.#document.getStore(),
        set: async () => undefined,
        delete: async () => undefined,
      },
      formatError: (formatted, error) => errors.formatClaimed(error) ?? formatted,
      // Cache control would instrument every resolver; no landing page is asked for, and no usage report is sent.
      plugins: [ApolloServerPluginCacheControlDisabled(), claiming(errors)],
      logger: {
        debug: (message) => logger.debug(message),
        info: (message) => logger.info(message),
        warn: (message) => logger.warn(message),
        error: (message) => logger.error(message),
      },
    })
  }

  start(): Promise<void> {
    return this.#apollo.start()
  }

  stop(): Promise<void> {
    return this.#apollo.stop()
  }

  /** A query or a mutation. Never throws. */
  async run(operation: PreparedOperation): Promise<FormattedExecutionResult> {
    const { contextValue } = operation
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<FormattedExecutionResult>((resolve) => {
      timer = setTimeout(() => {
        const reason = tookTooLong(this.limits.timeoutMs)
        contextValue.abandon(reason)
        resolve(this.#refuse(reason, operation))
      }, this.limits.timeoutMs)
    })
    try {
      const result = await Promise.race([this.#execute(operation), late])
      return this.#finish(result, operation)
    } catch (thrown) {
      return this.#refuse(thrown, operation)
    } finally {
      clearTimeout(timer)
    }
  }

  /** The events of a subscription, each a reply; or one reply that says why there are none. */
  async subscribe(operation: PreparedOperation): Promise<EventStream | FormattedExecutionResult> {
    const { contextValue } = operation
    let source: AsyncIterable<unknown> | ExecutionResult
    try {
      source = await createSourceEventStream(operation)
    } catch (thrown) {
      return this.#refuse(thrown, operation)
    }
    if (!(Symbol.asyncIterator in source)) return this.#finish(this.#format(source, contextValue), operation)
    const key = operationKey(operation)
    return new EventStream(
      source,
      async (event) => {
        // What was loaded for one event is old at the next.
        const context = contextValue.renew()
        const result = await this.#shared.execute(event, key, context, (observed) =>
          execute({ ...operation, rootValue: event, contextValue: observed }),
        )
        return this.#finish(this.#format(result, context), operation)
      },
      (thrown) => this.#refuse(thrown, operation),
    )
  }

  async #execute(operation: PreparedOperation): Promise<FormattedExecutionResult> {
    const { query, document, variableValues, contextValue } = operation
    const { body } = await this.#document.run(document, () =>
      this.#apollo.executeOperation(
        { query, variables: variableValues, operationName: operation.operationName ?? undefined },
        { contextValue },
      ),
    )
    if (body.kind !== 'single') throw new Error('Incremental delivery is not asked for.')
    return body.singleResult
  }

  #format({ errors, ...rest }: ExecutionResult, { request }: ServerContext): FormattedExecutionResult {
    return errors ? { errors: errors.map((error) => this.errors.format(error, request)), ...rest } : rest
  }

  /** Bounds the size of a reply, and puts to it what it has cost when that is asked for. */
  #finish(result: FormattedExecutionResult, operation: PreparedOperation): FormattedExecutionResult {
    const { replyBytes } = this.limits
    const bounded = isLargerThan(result, replyBytes) ? this.#refuse(tooLarge(replyBytes), operation) : result
    if (!operation.reportsCost) return bounded
    const { cost: points, pointsLeft } = operation
    return { ...bounded, extensions: { ...bounded.extensions, cost: { points, ...pointsLeft } } }
  }

  #refuse(thrown: unknown, { contextValue }: PreparedOperation): FormattedExecutionResult {
    return { errors: this.errors.formatAll(thrown, contextValue.request) }
  }
}

function claiming(errors: ErrorFormatter): ApolloServerPlugin<ServerContext> {
  return {
    requestDidStart: async ({ contextValue }) => ({
      didEncounterErrors: async (failed) => errors.claim(failed.errors, contextValue.request),
    }),
  }
}

function tookTooLong(timeoutMs: number): HeddleError {
  return new HeddleError(
    'SERVICE_UNAVAILABLE',
    `The operation took longer than ${timeoutMs / 1_000} seconds. A mutation may still be carried out: send it again with the same idempotency key.`,
    { systemMessage: 'Operation took too long' },
  )
}

function tooLarge(limit: number): HeddleError {
  return invalid(
    `The reply is larger than ${limit.toLocaleString('en')} bytes. Ask for fewer entries or fields; what a mutation did is done.`,
    { limit },
  )
}
