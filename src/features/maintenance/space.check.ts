import type { Queryable } from '../../platform/database/database.js'
import { chunkText } from '../embedders/chunks.js'
import {
  type CheckedText,
  type LinkHealth,
  listSuspects,
  type Portion,
  readCheckedTexts,
  type Suspect,
} from './space.health.sql.js'

/** A message whose vectors are not those of the pieces of its text. */
export interface MisfitMessage {
  messageId: string
  threadId: string
  /** of the text that was cut, hexadecimal */
  contentHash: string
  /** that its text has */
  pieces: number
  missing: number
  excess: number
}

// No cut is longer, so that a text of as many bytes is one piece, or none when it is empty.
const ONE_PIECE_BYTES = 1_500
const MAX_SEQUENCES_AT_ONCE = 25_000
const MAX_LINKS_AT_ONCE = 2_500
const MAX_TEXTS_AT_ONCE = 1_000
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024

/** Compares what links are through with to the texts of the messages, some thousands at a time, and locks nothing. */
export async function* findMisfits(
  db: Queryable,
  spaceId: string,
  links: readonly Pick<LinkHealth, 'threadId' | 'through'>[],
): AsyncGenerator<MisfitMessage[]> {
  for (const portion of divide(links)) {
    const suspects = await db.query(listSuspects(spaceId, portion, ONE_PIECE_BYTES))
    for (const messageIds of groupsOf(suspects)) {
      const texts = await db.query(readCheckedTexts(spaceId, messageIds))
      const misfits = texts.map(judge).filter(({ missing, excess }) => missing + excess > 0)
      if (misfits.length > 0) yield misfits
    }
  }
}

function judge({ messageId, threadId, contentHash, content, chunks }: CheckedText): MisfitMessage {
  const pieces = chunkText(content).length
  const fitting = chunks.filter((chunk) => chunk < pieces).length
  const [missing, excess] = [pieces - fitting, chunks.length - fitting]
  return { messageId, threadId, contentHash, pieces, missing, excess }
}

/** A long thread is checked in parts, and short ones, which stand in the order of their ids, together. */
function* divide(links: readonly Pick<LinkHealth, 'threadId' | 'through'>[]): Generator<Portion> {
  let after: string | null = null
  let last: string | null = null
  let [count, sequences] = [0, 0]
  for (const { threadId, through } of links) {
    const isLong = through > MAX_SEQUENCES_AT_ONCE
    if (
      last !== null &&
      (isLong || count === MAX_LINKS_AT_ONCE || sequences + through > MAX_SEQUENCES_AT_ONCE)
    ) {
      yield { after, through: last }
      after = last
      last = null
      count = sequences = 0
    }
    if (isLong) {
      yield* partsOf(threadId, through)
      after = threadId
    } else {
      last = threadId
      count += 1
      sequences += through
    }
  }
  if (last !== null) yield { after, through: last }
}

function* partsOf(threadId: string, through: number): Generator<Portion> {
  for (let start = 0; start < through; start += MAX_SEQUENCES_AT_ONCE) {
    const throughSequence = Math.min(through, start + MAX_SEQUENCES_AT_ONCE)
    yield { threadId, afterSequence: start, throughSequence }
  }
}

function* groupsOf(suspects: readonly Suspect[]): Generator<string[]> {
  let group: string[] = []
  let size = 0
  for (const { messageId, bytes } of suspects) {
    if (group.length === MAX_TEXTS_AT_ONCE || (size + bytes > MAX_BYTES_AT_ONCE && group.length > 0)) {
      yield group
      group = []
      size = 0
    }
    group.push(messageId)
    size += bytes
  }
  if (group.length > 0) yield group
}
