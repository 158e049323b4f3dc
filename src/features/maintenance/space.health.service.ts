import type { Database, Queryable } from '../../platform/database/database.js'
import { requireSpace } from '../access/access.js'
import type { Viewer } from '../access/viewer.js'
import { findMisfits } from './space.check.js'
import { type LinkHealth, measureLinks, measureStrays } from './space.health.sql.js'

export interface SpaceHealthReport {
  spaceId: string
  vectors: number
  expectedVectors: number
  orphanVectors: number
  messages: number
  messagesWithoutVectors: number
  pendingMessages: number
  failures: number
  orphanRecords: number
  staleCounters: number
  staleLinks: number
  links: number
  linksBehind: number
  stuckLinks: number
  pausedLinks: number
  oldestWaitingSince: Date | null
  lastError: string | null
  isHealthy: boolean
}

/** How a space's memory stands to what it should be. Reads only, and locks nothing. */
export class SpaceHealthService {
  constructor(private readonly db: Database) {}

  async get(viewer: Viewer, spaceId: string): Promise<SpaceHealthReport> {
    await requireSpace(this.db, viewer, 'manage', spaceId)
    return measureHealth(this.db, spaceId)
  }
}

export async function measureHealth(db: Queryable, spaceId: string): Promise<SpaceHealthReport> {
  const links = await db.query(measureLinks(spaceId))
  const [strays] = await db.query(measureStrays(spaceId))
  if (!strays) throw new Error(`Space ${spaceId} vanished while it was measured`)
  const misfits = { messages: 0, missing: 0, excess: 0 }
  for await (const found of findMisfits(db, spaceId, links)) {
    misfits.messages += found.filter(({ missing }) => missing > 0).length
    misfits.missing += sumOf(found, ({ missing }) => missing)
    misfits.excess += sumOf(found, ({ excess }) => excess)
  }
  const vectors = strays.vectors + sumOf(links, (link) => link.vectors)
  const orphanVectors = strays.vectors + misfits.excess + sumOf(links, ({ orphans }) => orphans)
  const orphanRecords = strays.records + sumOf(links, (link) => link.orphanRecords)
  const staleCounters = strays.miscounted + countOf(links, ({ isMiscounted }) => isMiscounted)
  const { staleLinks } = strays
  const stuckLinks = countOf(links, ({ isStuck }) => isStuck)
  return {
    spaceId,
    vectors,
    expectedVectors: vectors - orphanVectors + misfits.missing,
    orphanVectors,
    messages: sumOf(links, ({ messages }) => messages),
    messagesWithoutVectors: misfits.messages,
    pendingMessages: sumOf(links, ({ pending }) => pending),
    failures: sumOf(links, ({ failures }) => failures),
    orphanRecords,
    staleCounters,
    staleLinks,
    links: links.length,
    linksBehind: countOf(links, ({ isBehind }) => isBehind),
    stuckLinks,
    pausedLinks: countOf(links, ({ isPaused }) => isPaused),
    oldestWaitingSince: oldest(links),
    lastError: worst(links)?.lastError ?? null,
    isHealthy:
      orphanVectors + misfits.missing + orphanRecords + staleCounters + staleLinks + stuckLinks === 0,
  }
}

function sumOf<Row>(rows: readonly Row[], value: (row: Row) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0)
}

function countOf<Row>(rows: readonly Row[], holds: (row: Row) => boolean): number {
  return rows.filter(holds).length
}

function oldest(links: readonly LinkHealth[]): Date | null {
  return links
    .flatMap(({ waitingSince }) => waitingSince ?? [])
    .reduce<Date | null>((first, time) => (first && first <= time ? first : time), null)
}

/** The link that has failed the most often in a row. */
function worst(links: readonly LinkHealth[]): LinkHealth | null {
  return links
    .filter(({ lastError }) => lastError !== null)
    .reduce<LinkHealth | null>((most, link) => (most && most.attempts >= link.attempts ? most : link), null)
}
