import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImportRequest, importFiles } from '../../src/commands/import.js'
import type { GatewayStandin } from './gateway.standin.js'
import { MemoryOutput } from './memory.output.js'

/** Imports into a stand-in server. */

export async function run(server: GatewayStandin, request: Partial<ImportRequest>) {
  const output = new MemoryOutput()
  const whole = { files: [], organizationId: null, space: null, ...request }
  const summary = await importFiles(server.client(), whole, output, new AbortController().signal)
  return { summary, output }
}

export async function writeLines(directory: string, lines: readonly string[]): Promise<string> {
  const path = join(directory, 'conversations.jsonl')
  await writeFile(path, lines.join('\n'))
  return path
}

export function conversation(id: string, messageCount: number, text = 'Message'): string {
  const messages = Array.from({ length: messageCount }, (_, index) => ({
    role: 'user',
    content: `${text} ${index}`,
  }))
  return JSON.stringify({ id, title: `About ${id}`, messages })
}
