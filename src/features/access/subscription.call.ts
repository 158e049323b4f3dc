import type { SubscribeResolverData } from 'type-graphql'
import type { Context } from './context.js'

/** What a subscription field's `subscribe` gets: the services that it watches with, because no resolver is passed to it. */
export type SubscriptionCall<Source, Args> = SubscribeResolverData<Source, Args, Context>
