/** Carries GraphiQL's operations to the gateway: HTTP for queries and mutations, WebSocket for subscriptions. */
import type { GraphiQLProps } from 'graphiql'
import { type ExecutionResult, GraphQLError, getOperationAST, parse } from 'graphql'
import { createClient, type SubscribePayload } from 'graphql-ws'

type Fetcher = GraphiQLProps['fetcher']
export type RequestHeaders = Record<string, string>

const PATH = '/graphql'
const LONGEST_EXCERPT = 300
const CLOSED_BY_APPLICATION = 4000

/* `onSchema` is called after each read of the schema, with the reason of its failure or null. */
export function createFetcher(
  page: Location,
  onSchema: (problem: string | null) => void,
  startHeaders: RequestHeaders = {},
): Fetcher {
  // GraphiQL reads the schema before the headers pane exists: once, and a second time when that was refused.
  let unseenHeaders = startHeaders
  return async (operation, { headers: typedHeaders } = {}) => {
    const isReadingSchema = operation.operationName === 'IntrospectionQuery'
    if (typedHeaders !== undefined || !isReadingSchema) unseenHeaders = {}
    const headers = typedHeaders ?? unseenHeaders
    if (isSubscription(operation)) return subscribe(page, operation, headers)
    const result = await post(operation, headers)
    if (isReadingSchema) onSchema(result.errors?.[0]?.message ?? null)
    return result
  }
}

/** Reads the text itself: the document that GraphiQL hands over lags behind the keyboard. */
function isSubscription({ query, operationName }: SubscribePayload): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === 'subscription'
  } catch {
    // The gateway explains a syntax error better, with the place of it.
    return false
  }
}

async function post(operation: SubscribePayload, headers: RequestHeaders): Promise<ExecutionResult> {
  try {
    const response = await fetch(PATH, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(operation),
    })
    return readResult(await response.text(), response)
  } catch (error) {
    return failure(`The request failed (${text(error)}). Is the gateway running?`)
  }
}

function readResult(body: string, response: Response): ExecutionResult {
  try {
    return JSON.parse(body)
  } catch {
    const excerpt = body.trim().slice(0, LONGEST_EXCERPT)
    return failure(`The server answered ${response.status} ${response.statusText}, and no JSON: ${excerpt}`)
  }
}

/** Every subscription has a connection of its own, so that it always carries the headers of this moment. */
function subscribe(
  page: Location,
  operation: SubscribePayload,
  headers: RequestHeaders,
): AsyncIterable<ExecutionResult> {
  const client = createClient({
    url: `${page.protocol === 'https:' ? 'wss' : 'ws'}://${page.host}${PATH}`,
    connectionParams: headers,
    retryAttempts: 3,
    // A refusal by the gateway stays one, however often it is repeated; a lost connection may come back.
    shouldRetry: (event) => event instanceof Event && !isRefusal(event),
  })
  const events = client.iterate(operation)
  // Not an async generator: its `return` would wait for the next event before it unsubscribes.
  const results: AsyncIterableIterator<ExecutionResult> = {
    [Symbol.asyncIterator]: () => results,
    next: () =>
      (events.next() as Promise<IteratorResult<ExecutionResult>>).catch((error: unknown) => ({
        done: false,
        value: explain(error),
      })),
    return: () => events.return?.() as Promise<IteratorResult<ExecutionResult>>,
  }
  return results
}

function explain(error: unknown): ExecutionResult {
  if (Array.isArray(error)) return { errors: error }
  if (isRefusal(error)) {
    return failure(
      `The gateway closed the connection: ${error.reason || error.code}. Check the Headers pane.`,
    )
  }
  return failure(error instanceof Event ? 'The connection failed. Is the gateway running?' : text(error))
}

function isRefusal(error: unknown): error is CloseEvent {
  return error instanceof CloseEvent && error.code >= CLOSED_BY_APPLICATION
}

function failure(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message)] }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
