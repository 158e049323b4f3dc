/** Moments for crashes that nobody chose, and that come again with the seed that a failed test has printed. */

/** Whole numbers below a bound. */
export type Random = (bound: number) => number

const DEFAULT_SEED = 20_261_121

/** Printed at once, so that a test that fails or hangs has told its seed; CRASH_SEED sets another. */
export function startRandom(): Random {
  const seed = Number(process.env.CRASH_SEED ?? DEFAULT_SEED)
  process.stdout.write(`CRASH_SEED=${seed}\n`)
  return randomOf(seed)
}

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}

/** In another order (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const left = [...items]
  return items.map(() => left.splice(random(left.length), 1)[0] as Item)
}
