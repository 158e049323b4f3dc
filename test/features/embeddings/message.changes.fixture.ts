import { expect } from 'vitest'
import type { TestApp } from '../../support/app.js'
import { DELETE_MESSAGE, EDIT_MESSAGE } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import type { SeededLink, SeededThread } from '../../support/seed.js'

/** Editing and deleting messages of threads that are in spaces. */

export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name} ${index}`)
}

export function idOf({ messageIds }: SeededThread, index: number): string {
  return messageIds[index] ?? expect.unreachable()
}

export async function edit(thread: SeededThread, index: number, content: string): Promise<void> {
  await thread.owner.must(EDIT_MESSAGE, { messageId: idOf(thread, index), content })
}

export async function remove(thread: SeededThread, index: number): Promise<void> {
  await thread.owner.must(DELETE_MESSAGE, { messageId: idOf(thread, index) })
}

export async function vectorsOf({ pool }: TestApp, messageId: string): Promise<number> {
  const { rows } = await pool.query('select from embedding where message_id = $1', [messageId])
  return rows.length
}

export async function embeddedLink({ seed }: TestApp, messages: readonly string[]): Promise<SeededLink> {
  const link = await seed.spaceWithThread({ messages })
  await seed.embedded(link.owner, link.backfillId)
  return link
}

/** Twenty messages, some of them at the embedder, which does not answer. */
export async function linkInFlight({ seed, embedder }: TestApp, name: string): Promise<SeededLink> {
  embedder.pause()
  const link = await seed.spaceWithThread({ messages: numbered(name, 20) })
  await eventually(() => expect(embedder.inFlight).toBe(2))
  return link
}

export async function latestBackfill({ pool }: TestApp, { id }: SeededThread) {
  const { rows } = await pool.query(
    'select id, kind, total from backfill where thread_id = $1 order by created_at desc, id desc limit 1',
    [id],
  )
  return rows[0]
}
