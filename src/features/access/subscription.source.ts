import type { Context } from './context.js'

/** A subscription field that was asked for. */
export interface SubscriptionCall {
  args: Record<string, unknown>
  context: Context
}

/** Where a subscription field's events come from, by the field's name; an error answers the subscription itself. */
export type SubscriptionSources = Record<string, (call: SubscriptionCall) => Promise<AsyncIterable<unknown>>>

/**
 * What a `@Subscription` field says of itself, so that its event source is looked up by its name: type-graphql gives
 * `subscribe` no instance to ask, but hands topics to the pub-sub of its schema.
 */
export function sourceOf(field: string) {
  return { topics: field, topicId: (call: SubscriptionCall): unknown => call }
}
