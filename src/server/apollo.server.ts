import {
  ApolloServer,
  type ApolloServerPlugin,
  HeaderMap,
  type HTTPGraphQLHead,
  type HTTPGraphQLResponse,
} from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import type { FormattedExecutionResult, GraphQLFormattedError, GraphQLSchema } from 'graphql'
import { invalid } from '../platform/errors.js'
import type { Logger } from '../platform/log.js'
import type { ServerContext } from './context.js'
import type { ErrorEnvelope, ErrorFormatter } from './error.format.js'
import { limitSize, MAX_TOKENS } from './operation.limits.js'

const UNAVAILABLE = 503

/** A GraphQL request as HTTP brought it. */
export interface HttpOperation {
  method: string
  /** names in lower case */
  headers: HeaderMap
  /** the query string with its `?` */
  search: string
  /** parsed JSON; undefined without a JSON body */
  body: unknown
}

/** GraphQL over HTTP, as Apollo Server speaks it, with Heddle's errors. */
export class GraphqlOverHttp {
  readonly #apollo: ApolloServer<ServerContext>

  constructor(
    schema: GraphQLSchema,
    private readonly errors: ErrorFormatter,
    logger: Logger,
  ) {
    this.#apollo = new ApolloServer<ServerContext>({
      schema,
      introspection: true,
      // Otherwise NODE_ENV decides what some of the other options are.
      nodeEnv: 'production',
      persistedQueries: false,
      allowBatchedHttpRequests: false,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      parseOptions: { maxTokens: MAX_TOKENS },
      validationRules: [limitSize],
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

  async run(operation: HttpOperation, context: ServerContext): Promise<HTTPGraphQLResponse> {
    const reply = await this.#apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: operation,
      context: async () => context,
    })
    return this.#withEnvelopes(reply, context)
  }

  /** Apollo refuses a request that it cannot read before it looks at its context, so that nobody claims that error. */
  #withEnvelopes(reply: HTTPGraphQLResponse, { request }: ServerContext): HTTPGraphQLResponse {
    if ((reply.status ?? 200) < 400 || reply.body.kind !== 'complete') return reply
    const { errors = [], ...rest } = JSON.parse(reply.body.string) as { errors?: GraphQLFormattedError[] }
    const enveloped = errors.map((error) =>
      error.extensions?.traceId === undefined
        ? this.errors.format(invalid(error.message.trim()), request)
        : error,
    )
    return { ...reply, body: { kind: 'complete', string: JSON.stringify({ errors: enveloped, ...rest }) } }
  }
}

function claiming(errors: ErrorFormatter): ApolloServerPlugin<ServerContext> {
  return {
    requestDidStart: async ({ contextValue }) => ({
      didEncounterErrors: async (failed) => errors.claim(failed.errors, contextValue.request),
      willSendResponse: async ({ response: { http, body } }) => {
        if (body.kind === 'single') sayWhenToRetry(http, body.singleResult)
      },
    }),
  }
}

/** What was done in part is an answer; an operation of which nothing was done may be sent again as a whole. */
function sayWhenToRetry(http: HTTPGraphQLHead, { data, errors = [] }: FormattedExecutionResult): void {
  const waits = errors.flatMap(({ extensions }) => (extensions as Partial<ErrorEnvelope>)?.retryAfter ?? [])
  if (waits.length === 0) return
  http.headers.set('retry-after', String(Math.max(...waits)))
  const isNothingDone = Object.values(data ?? {}).every((field) => field === null)
  if (isNothingDone && waits.length === errors.length) http.status = UNAVAILABLE
}

export function toHeaderMap(headers: NodeJS.Dict<string | string[]>): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return map
}
