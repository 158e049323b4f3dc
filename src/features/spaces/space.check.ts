import type { Queryable } from '../../platform/database.js'
import { chunkText } from '../embedders/chunks.js'
import {
  type CheckedText,
  type LinkHealth,
  listSuspects,
  readCheckedTexts,
  type Span,
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
const MAX_SEQUENCES_AT_ONCE = 20_000
const MAX_LINKS_AT_ONCE = 1_000
const MAX_TEXTS_AT_ONCE = 1_000
const MAX_BYTES_AT_ONCE = 8 * 1024 * 1024

/** Compares what links are through with to the texts of the messages, some thousands at a time, and locks nothing. */
export async function* findMisfits(
  db: Queryable,
  spaceId: string,
  links: readonly Pick<LinkHealth, 'threadId' | 'through'>[],
): AsyncGenerator<MisfitMessage[]> {
  for (const spans of divide(links)) {
    const suspects = await db.query<Suspect>(listSuspects(spaceId, spans, ONE_PIECE_BYTES))
    for (const messageIds of groupsOf(suspects)) {
      const texts = await db.query<CheckedText>(readCheckedTexts(spaceId, messageIds))
      const misfits = texts.map(judge).filter(({ missing, excess }) => missing + excess > 0)
      if (misfits.length > 0) yield misfits
    }
  }
}

interface Suspect {
  messageId: string
  bytes: number
}

function judge({ messageId, threadId, contentHash, content, chunks }: CheckedText): MisfitMessage {
  const pieces = chunkText(content).length
  const fitting = chunks.filter((chunk) => chunk < pieces).length
  const [missing, excess] = [pieces - fitting, chunks.length - fitting]
  return { messageId, threadId, contentHash, pieces, missing, excess }
}

/** A long thread is checked in parts, and short ones together. */
function* divide(links: readonly Pick<LinkHealth, 'threadId' | 'through'>[]): Generator<Span[]> {
  let spans: Span[] = []
  let sequences = 0
  for (const { threadId, through } of links) {
    for (let after = 0; after < through; after += MAX_SEQUENCES_AT_ONCE) {
      const end = Math.min(through, after + MAX_SEQUENCES_AT_ONCE)
      spans.push({ threadId, after, through: end })
      sequences += end - after
      if (sequences < MAX_SEQUENCES_AT_ONCE && spans.length < MAX_LINKS_AT_ONCE) continue
      yield spans
      spans = []
      sequences = 0
    }
  }
  if (spans.length > 0) yield spans
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
