import { setMaxListeners } from 'node:events'
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target'
import { Redis } from 'ioredis'
import type { Logger } from '../log.js'

/**
 * Publishes change notifications between the components and the nodes of Heddle. Events can be lost, duplicated or late,
 * so no listener relies on them: it also reads the rows, initially and every few seconds.
 */
export interface Bus {
  /**
   * Never throws and never waits: a lost event delays a listener by seconds. Listeners in this process get the event
   * even if other nodes cannot be reached.
   */
  publish(topic: string, payload: unknown): void
  /** Calls `listener` with each payload, as JSON parses it, until the returned function is called. */
  subscribe(topic: string, listener: (payload: unknown) => void): () => void
  /** False while other nodes cannot be reached. */
  isConnected(): boolean
  close(): Promise<void>
}

/** A bus within this process. */
export function createMemoryBus(): Bus {
  const target = new EventTarget()
  // Many listeners are intended here, one per subscriber: not a leak.
  setMaxListeners(0, target)
  const { publish, subscribe } = overEventTarget(target, (payload) => JSON.parse(JSON.stringify(payload)))
  const listeners = new Map<string, number>()
  const count = (topic: string, change: 1 | -1) => {
    const left = (listeners.get(topic) ?? 0) + change
    if (left > 0) listeners.set(topic, left)
    else listeners.delete(topic)
  }
  return {
    // Most rows have no subscriber: skip the copy, which would be most of a large change's cost.
    publish: (topic, payload) => {
      if (listeners.has(topic)) publish(topic, payload)
    },
    subscribe: (topic, listener) => {
      const leave = subscribe(topic, listener)
      let isListening = true
      count(topic, 1)
      return () => {
        leave()
        if (isListening) count(topic, -1)
        isListening = false
      }
    },
    isConnected: () => true,
    close: async () => {},
  }
}

// Longer than Redis ever takes. After that, the event is delivered in this process only.
const PATIENCE_MS = 1_000
const KEEP_ALIVE_MS = 10_000

/** A bus between nodes over Redis pub/sub. Events that Redis does not accept are delivered in this process only. */
export function createRedisBus(url: string, logger: Logger): Bus {
  const options = {
    lazyConnect: false,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    // A connection that only subscribes sends nothing, so without keep-alive pings it would not notice a dead peer.
    keepAlive: KEEP_ALIVE_MS,
  }
  const publisher = new Redis(url, { ...options, commandTimeout: PATIENCE_MS })
  const subscriber = new Redis(url, {
    ...options,
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    // The ready check sends INFO, which is not allowed on a subscribed connection.
    enableReadyCheck: false,
  })
  for (const client of [publisher, subscriber]) {
    client.on('error', (error: Error) =>
      logger.warn({ err: error }, 'redis is unavailable; changes by other nodes are found by polling'),
    )
  }
  const near = createMemoryBus()
  const target = createRedisEventTarget({
    publishClient: publishing(publisher, near, logger),
    subscribeClient: subscribing(subscriber, logger),
  })
  const far = overEventTarget(target, (payload) => payload)
  return {
    publish: far.publish,
    subscribe: (topic, listener) => {
      const leave = [far, near].map((bus) => bus.subscribe(topic, listener))
      return () => {
        for (const end of leave) end()
      }
    },
    isConnected: () => publisher.status === 'ready' && subscriber.status === 'ready',
    close: async () => {
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}

// The event target discards the promises of its commands; an unhandled rejection would end the process.
function publishing(client: Redis, near: Bus, logger: Logger): Redis {
  const publish = (channel: string, message: string) =>
    client.publish(channel, message).catch((error: unknown) => {
      logger.debug({ err: error }, 'event not published')
      near.publish(channel, JSON.parse(message))
      return 0
    })
  return { publish } as unknown as Redis
}

// A new connection subscribes to all topics again, so a failure here matters only while the bus closes.
function subscribing(client: Redis, logger: Logger): Redis {
  const ignore = (error: unknown) => logger.debug({ err: error }, 'subscribing to a topic failed')
  return {
    on: client.on.bind(client),
    subscribe: (topic: string) => client.subscribe(topic).catch(ignore),
    unsubscribe: (topic: string) => client.unsubscribe(topic).catch(ignore),
  } as unknown as Redis
}

type Target = Pick<EventTarget, 'addEventListener' | 'removeEventListener' | 'dispatchEvent'>

function overEventTarget(target: Target, copy: (payload: unknown) => unknown) {
  return {
    publish(topic: string, payload: unknown): void {
      target.dispatchEvent(new CustomEvent(topic, { detail: copy(payload) }))
    },
    subscribe(topic: string, listener: (payload: unknown) => void): () => void {
      const handle = (event: Event) => listener((event as CustomEvent).detail)
      target.addEventListener(topic, handle)
      return () => target.removeEventListener(topic, handle)
    },
  }
}
