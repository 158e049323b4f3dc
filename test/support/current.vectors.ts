import type { Pool } from 'pg'
import { expect } from 'vitest'
import { chunkText } from '../../src/features/embedders/chunks.js'
import { cosine, hashedVector } from './hashed.vectors.js'

const DIMENSIONS = 64

interface EmbeddedMessage {
  spaceId: string
  id: string
  content: string
  vectors: string[]
}

// A message that was refused or is to be embedded again has none; the invariants look after those.
const EMBEDDED = `
  select s.space_id as "spaceId", m.id, m.content,
    array(select e.vector::text from embedding e where e.store_id = s.id and e.message_id = m.id
      order by e.chunk) as vectors
  from store_thread l join embedding_store s on s.id = l.store_id
    join message m on m.thread_id = l.thread_id and m.sequence <= l.embedded_through
  where not exists (select 1 from embedding_failure f where f.store_id = l.store_id and f.message_id = m.id)
    and not exists (select 1 from pending_embedding p where p.store_id = l.store_id and p.message_id = m.id)`

/** Every vector is what the fake embedder makes of what its message says now. Called when nothing is under way. */
export async function expectCurrentVectors(pool: Pool): Promise<void> {
  const { rows } = await pool.query<EmbeddedMessage>(EMBEDDED)
  expect(rows.filter((row) => !isCurrent(row)).map(({ spaceId, id }) => ({ spaceId, id }))).toEqual([])
}

function isCurrent({ content, vectors }: EmbeddedMessage): boolean {
  const expected = chunkText(content).map((text) => hashedVector(text, DIMENSIONS))
  if (expected.length !== vectors.length) return false
  return expected.every((vector, index) => cosine(vector, parse(vectors[index] ?? '[]')) > 0.999)
}

function parse(vector: string): Float32Array {
  return Float32Array.from(JSON.parse(vector) as number[])
}
