import { setMaxListeners } from 'node:events'
import { createRedisEventTarget } from '@graphql-yoga/redis-event-target'
import { Redis } from 'ioredis'
import type { Logger } from './log.js'

/**
 * Carries "look again" between the parts and the nodes of Heddle. An event may be lost, doubled or late, so none may be
 * relied on: whoever listens also reads the rows, at first and every few seconds.
 */
export interface Bus {
  /**
   * Never fails and never waits: a lost event costs a listener seconds, not the truth. Listeners of this process hear
   * it whether or not other nodes can.
   */
  publish(topic: string, payload: unknown): void
  /** Calls `listener` with each payload, as JSON gives it back, until the returned function is called. */
  subscribe(topic: string, listener: (payload: unknown) => void): () => void
  /** False while other nodes cannot be reached. */
  isConnected(): boolean
  close(): Promise<void>
}

/** A bus within this process. */
export function createMemoryBus(): Bus {
  const target = new EventTarget()
  // One listener a subscriber is the point here, not a leak.
  setMaxListeners(0, target)
  const { publish, subscribe } = overEventTarget(target, (payload) => JSON.parse(JSON.stringify(payload)))
  const listeners = new Map<string, number>()
  const count = (topic: string, change: 1 | -1) => {
    const left = (listeners.get(topic) ?? 0) + change
    if (left > 0) listeners.set(topic, left)
    else listeners.delete(topic)
  }
  return {
    // Most rows have no watcher: to copy them for nobody is what a large change would mostly cost.
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

// Longer than Redis ever takes; what it has not taken by then is heard in this process alone.
const PATIENCE_MS = 1_000
const KEEP_ALIVE_MS = 10_000

/** A bus between nodes over Redis' publish and subscribe. What Redis does not take goes to this process alone. */
export function createRedisBus(url: string, logger: Logger): Bus {
  const options = {
    ...{ lazyConnect: false, maxRetriesPerRequest: 1, enableOfflineQueue: false },
    // A subscriber only listens: without it, it would not learn that nobody is there any more.
    keepAlive: KEEP_ALIVE_MS,
  }
  const publisher = new Redis(url, { ...options, commandTimeout: PATIENCE_MS })
  const subscriber = new Redis(url, {
    ...options,
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    // Its question is not allowed on a connection that subscribes.
    enableReadyCheck: false,
  })
  for (const client of [publisher, subscriber]) {
    client.on('error', (error: Error) =>
      logger.warn({ err: error }, 'redis is away; what other nodes do is seen by polling'),
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

// The event target drops the promises of its commands, and a dropped rejection would end the process.
function publishing(client: Redis, near: Bus, logger: Logger): Redis {
  const publish = (channel: string, message: string) =>
    client.publish(channel, message).catch((error: unknown) => {
      logger.debug({ err: error }, 'event not published')
      near.publish(channel, JSON.parse(message))
      return 0
    })
  return { publish } as unknown as Redis
}

// A topic is asked for again by every new connection; only when the bus closes is one given up.
function subscribing(client: Redis, logger: Logger): Redis {
  const ignore = (error: unknown) => logger.debug({ err: error }, 'topic given up')
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
