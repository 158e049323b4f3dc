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

/** Runs prepared operations for every transport: within the time and size limits, and with Heddle's errors. */
export class OperationRunner {
  readonly #apollo: ApolloServer<ServerContext>
  // A document cache that hands Apollo the document that has been parsed and validated already.
  readonly #document = new AsyncLocalStorage<DocumentNode>()
  readonly #shared = new SharedResults()

  constructor(
    schema: GraphQLSchema,
    private readonly errors: ErrorFormatter,
    private readonly limits: RunLimits,
    logger: Logger,
    /** what the `subscribe` of a subscription field gets as its `source` */
    private readonly sources: object,
  ) {
    this.#apollo = new ApolloServer<ServerContext>({
      schema,
      introspection: true,
      // Otherwise NODE_ENV decides the defaults of other options.
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
      // Cache control would instrument every resolver; landing page and usage reports are not wanted.
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

  /** Runs a query or a mutation. Never throws. */
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

  /** The replies of a subscription, one per event; or a single reply with the reason why there are none. */
  async subscribe(operation: PreparedOperation): Promise<EventStream | FormattedExecutionResult> {
    const { contextValue } = operation
    let source: AsyncIterable<unknown> | ExecutionResult
    try {
      source = await createSourceEventStream({ ...operation, rootValue: this.sources })
    } catch (thrown) {
      return this.#refuse(thrown, operation)
    }
    if (!(Symbol.asyncIterator in source)) return this.#finish(this.#format(source, contextValue), operation)
    const key = operationKey(operation)
    return new EventStream(
      source,
      async (event) => {
        // What was loaded for one event is outdated at the next.
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
    if (body.kind !== 'single') throw new Error('Incremental delivery is not supported.')
    return body.singleResult
  }

  #format({ errors, ...rest }: ExecutionResult, { request }: ServerContext): FormattedExecutionResult {
    return errors ? { errors: errors.map((error) => this.errors.format(error, request)), ...rest } : rest
  }

  /** Limits the size of a reply, and adds its cost if requested. */
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
    `The operation took longer than ${timeoutMs / 1_000} seconds. A mutation may still take effect: retry it with the same idempotency key.`,
    { systemMessage: 'Operation took too long' },
  )
}

function tooLarge(limit: number): HeddleError {
  return invalid(
    `The reply is larger than ${limit.toLocaleString('en')} bytes. Request fewer entries or fields. Mutations have taken effect.`,
    { limit },
  )
}
