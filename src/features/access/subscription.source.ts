import type { Context } from './context.js'

/** A requested subscription field. */
export interface SubscriptionCall {
  args: Record<string, unknown>
  context: Context
}

/** The event source of a subscription field, by its name; an error becomes the subscription's response. */
export type SubscriptionSources = Record<string, (call: SubscriptionCall) => Promise<AsyncIterable<unknown>>>

/**
 * Options of a `@Subscription` field: its event source is looked up by name, because type-graphql passes no resolver
 * instance to `subscribe`, but passes topics to the schema's pub-sub.
 */
export function sourceOf(field: string) {
  return { topics: field, topicId: (call: SubscriptionCall): unknown => call }
}
