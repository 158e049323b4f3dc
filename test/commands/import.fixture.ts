import { Buffer } from 'node:buffer'
import { fileURLToPath } from 'node:url'
import type { Conversation } from '../../src/commands/import.conversation.js'
import {
  type BadLine,
  parseConversations,
  type ReadOptions,
  readConversations,
} from '../../src/commands/import.readers.js'

/** Files to import, and what is read of them. */

export function line(title: string): string {
  return JSON.stringify({ title, messages: [{ role: 'user', content: `About ${title.slice(0, 20)}` }] })
}

export function spoken(found: Conversation | BadLine | undefined): string[] {
  return found?.kind === 'conversation'
    ? found.messages.map(({ role, content }) => `${role}: ${content}`)
    : []
}

export function reasons(found: (Conversation | BadLine)[]): string[] {
  return found.flatMap((entry) => (entry.kind === 'bad' ? [entry.reason] : []))
}

export function parse(text: string, options?: ReadOptions): Promise<(Conversation | BadLine)[]> {
  return collect(parseConversations(chunks([Buffer.from(text)]), 'file', options))
}

export function readFixture(name: string): Promise<(Conversation | BadLine)[]> {
  return collect(readConversations(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))))
}

export async function* chunks(pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces
}

export async function* bytewise(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  for (const byte of Buffer.from(text)) yield Uint8Array.of(byte)
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
