/** Merges rankings. Source: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion", SIGIR 2009. */

const K = 60

/** Depth to which each ranking is read at first; for later pages it is read to its end. */
export const FIRST_DEPTH = 200
export const MAX_DEPTH = 1_000

export interface Fused<Hit> {
  hit: Hit
  /** 1: first in every ranking; 0: in none */
  score: number
}

/**
 * Each hit once, best first, ties by id. Hits among the first 200 of a ranking come before all others, so that reading
 * deeper for a later page does not change earlier pages.
 */
export function fuse<Hit extends { messageId: string }>(rankings: readonly (readonly Hit[])[]): Fused<Hit>[] {
  const near = fusePart(rankings, 0, FIRST_DEPTH)
  const known = new Set(near.map(({ hit }) => hit.messageId))
  const far = fusePart(rankings, FIRST_DEPTH, MAX_DEPTH)
  return [...near, ...far.filter(({ hit }) => !known.has(hit.messageId))]
}

function fusePart<Hit extends { messageId: string }>(
  rankings: readonly (readonly Hit[])[],
  start: number,
  end: number,
): Fused<Hit>[] {
  const fused = new Map<string, Fused<Hit>>()
  for (const ranking of rankings) {
    for (const [index, hit] of ranking.slice(start, end).entries()) {
      const other = fused.get(hit.messageId)
      const score = (K + 1) / (K + 1 + start + index) / rankings.length
      fused.set(hit.messageId, { hit: { ...hit, ...other?.hit }, score: score + (other?.score ?? 0) })
    }
  }
  return [...fused.values()].sort((a, b) => b.score - a.score || (a.hit.messageId < b.hit.messageId ? -1 : 1))
}
