import { type Random, randomOf } from '../support/crash.random.js'

/** What `npm run chaos` was asked for: how long, with which seed, and which disturbances. */

const DEFAULT_MINUTES = 1.5
const DEFAULT_SEED = 20_261_121

export const KINDS = ['kill', 'freeze', 'terminate', 'redis'] as const
export type Kind = (typeof KINDS)[number]

export interface ChaosOptions {
  minutes: number
  seed: number
  kinds: readonly Kind[]
}

export function readOptions(): ChaosOptions {
  const { HEDDLE_CHAOS_MINUTES, HEDDLE_CHAOS_SEED, HEDDLE_CHAOS_ONLY } = process.env
  const only = HEDDLE_CHAOS_ONLY?.split(',') ?? KINDS
  return {
    minutes: Number(HEDDLE_CHAOS_MINUTES || DEFAULT_MINUTES),
    seed: Number(HEDDLE_CHAOS_SEED || DEFAULT_SEED),
    kinds: KINDS.filter((kind) => only.includes(kind)),
  }
}

/** Each part has numbers of its own, so that one does not shift those of another. */
export function randomFor(seed: number, part: number): Random {
  return randomOf(seed + 7_919 * part)
}

export function chosen<Item>(items: readonly Item[], random: Random): Item {
  const item = items[random(items.length)]
  if (item === undefined) throw new Error('There is nothing to choose from.')
  return item
}
