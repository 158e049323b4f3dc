import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeSummary, isComplete } from '../../src/commands/import.summary.js'
import { GatewayStandin } from './gateway.standin.js'
import { conversation, run, writeLines } from './import.run.fixture.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-import-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('bad lines are reported by file and line, and the rest is imported', async () => {
  await using server = await GatewayStandin.start()
  const path = await file(conversation('a', 1), '{"messages": 7}', conversation('b', 1))

  const { summary, output } = await run(server, { files: [path] })

  expect(output.lines).toContainEqual(expect.stringContaining(`${path}:2: not a conversation`))
  expect(summary).toMatchObject({ imported: 2, badLines: 1 })
  expect(isComplete(summary)).toBe(false)
})

test('what is wrong with many lines is counted after the third, whatever they quote', async () => {
  await using server = await GatewayStandin.start()
  const broken = Array.from({ length: 1_500 }, (_, index) => `{"text": "line (${index})`)
  const path = await file(...broken, '{"messages": 7}', conversation('a', 1))

  const { summary, output } = await run(server, { files: [path] })

  const said = output.lines.filter((line) => line.includes(path))
  expect(said.slice(0, 3).map((line) => line.split(':')[1])).toEqual(['1', '2', '3'])
  expect(said.at(-1)).toMatch(/^… and 1,497 more like .*:1: broken JSON /)
  expect(said).toHaveLength(5)
  expect(summary).toMatchObject({ imported: 1, badLines: 1_501, badFiles: 0 })
})

test('a file that is not of conversations is one line, the others are imported, and the import is not complete', async () => {
  await using server = await GatewayStandin.start()
  const text = join(directory, 'notes.md')
  await writeFile(text, '# Notes\n'.repeat(10_000))

  const { summary, output } = await run(server, { files: [text, await file(conversation('a', 1))] })

  expect(output.lines.filter((line) => line.includes(text))).toEqual([
    expect.stringMatching(/notes\.md: not JSON, but begins with "# Notes"/),
  ])
  expect(summary).toMatchObject({ imported: 1, badLines: 0, badFiles: 1 })
  expect(isComplete(summary)).toBe(false)
  expect(describeSummary(summary)).toContain('1 file not read')
})

test('the end names the organization, the space and the first threads with their ids', async () => {
  await using server = await GatewayStandin.start()
  server.store.organizations.push({ id: 'org_a', name: 'A' }, { id: 'org_b', name: 'B' })
  const files = [await file(...['one', 'two', 'three', 'four', 'five'].map((id) => conversation(id, 1)))]

  for (let times = 0; times < 2; times++) {
    const { summary } = await run(server, { files, organizationId: 'org_b', space: 'Memory' })

    const said = describeSummary(summary)
    expect(said).toContain('Organization: B (org_b)\n')
    expect(said).toContain(
      'Threads: "About one" (one), "About two" (two), "About three" (three) and 2 more\n',
    )
    expect(said).toContain('Space "Memory" (space_1): ')
  }
})

test('what was changed in a conversation is reported, but not as a failure', async () => {
  await using server = await GatewayStandin.start()
  const path = await file(JSON.stringify({ id: 'a', messages: [{ role: 'narrator', content: 'x\0' }] }))

  const { summary, output } = await run(server, { files: [path] })

  expect(output.lines).toEqual(
    expect.arrayContaining([
      `${path}:1: message 1 has NUL at position 1, which is imported as U+FFFD`,
      `${path}:1: message 1 has the unknown role "narrator" and is imported as USER`,
    ]),
  )
  expect(isComplete(summary)).toBe(true)
})

function file(...lines: string[]): Promise<string> {
  return writeLines(directory, lines)
}
