import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp } from '../../src/app.js'
import { loadConfig } from '../../src/platform/config/config.js'
import { openPglite } from '../../src/platform/database/pglite.open.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { BUILD_MS, buildServer, builtEntry } from '../support/built.server.js'
import { TestProcess } from '../support/child.process.js'
import { TestClient } from '../support/client.js'
import { expectInvariants } from '../support/invariants.js'
import type { Seeded } from '../support/seed.js'

const FIXTURES = ['conversations.jsonl', 'chatgpt.json', 'sharegpt.json'].map((name) =>
  join(import.meta.dirname, 'fixtures', name),
)
const API_KEY = 'hdl_key_of_whoever_imports'
// The fixtures': refund 2, parts 3, bread 2, two of ShareGPT's 2 each.
const CONVERSATIONS = 5
const MESSAGES = 11

let app: TestApp
let directory: string

beforeAll(async () => {
  await buildServer()
  directory = await mkdtemp(join(tmpdir(), 'heddle-import-'))
  app = await startTestApp({ environment: { BOOTSTRAP_API_KEY: API_KEY } })
}, BUILD_MS)

afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** Runs `npm run import -- …` to its end. */
async function runImport(words: readonly string[], environment: Record<string, string> = {}) {
  await using command = new TestProcess(builtEntry('commands/import.command.js'), {
    directory,
    arguments: words,
    environment,
  })
  const { code } = await command.exit
  return { code, output: command.output, errors: command.errors }
}

/** The same, into an organization of the app. */
function importInto(organization: Seeded, ...words: string[]) {
  const address = ['--url', app.url, '--api-key', API_KEY]
  return runImport([...words, '--organization', organization.id, ...address])
}

function organization(): Promise<Seeded> {
  return app.seed.organization(app.withApiKey(API_KEY))
}

async function threadsOf({ id, owner }: Seeded): Promise<{ title: string; messageCount: number }[]> {
  const { threads } = await owner.must('Threads', { organizationId: id, first: 100 })
  return threads.edges.map((edge: { node: unknown }) => edge.node)
}

async function onlySpaceOf({ id, owner }: Seeded) {
  const { spaces } = await owner.must(
    'query($id: ID!) { spaces(organizationId: $id) { edges { node { id name threadCount vectorCount } } } }',
    { id },
  )
  expect(spaces.edges).toHaveLength(1)
  return spaces.edges[0].node
}

test('every format is imported and embedded into the space, and a second time nothing is', async () => {
  const acme = await organization()

  const first = await importInto(acme, ...FIXTURES, '--space', 'Memory')
  const second = await importInto(acme, ...FIXTURES, '--space', 'Memory')

  expect(first).toMatchObject({ code: 0, errors: '' })
  expect(first.output).toContain(`${CONVERSATIONS} conversations, ${MESSAGES} new messages, 0 unchanged`)
  expect(first.output).toMatch(
    new RegExp(`Space "Memory" \\(space_\\w+\\): ${CONVERSATIONS} threads added, 0 in it before`),
  )
  expect(second).toMatchObject({ code: 0, errors: '' })
  expect(second.output).toContain(`0 new messages, ${CONVERSATIONS} unchanged, 0 failed, 0 bad lines`)
  expect(second.output).toMatch(
    new RegExp(`Space "Memory" \\(space_\\w+\\): 0 threads added, ${CONVERSATIONS} in it before`),
  )
  expect(
    (await threadsOf(acme)).map(({ title, messageCount }) => [title, messageCount]).sort(byText),
  ).toEqual([
    [null, 2],
    [null, 2],
    ['Bread', 2],
    ['Parts', 3],
    ['Refund', 2],
  ])
  const space = await onlySpaceOf(acme)
  expect(space).toMatchObject({ name: 'Memory', threadCount: CONVERSATIONS, vectorCount: MESSAGES })
  const variables = { spaceId: space.id, query: 'Why is my bread flat?', first: 1 }
  const { searchSpace } = await acme.owner.must('SearchSpace', variables)
  expect(searchSpace.edges[0].node).toMatchObject({ role: 'USER', content: 'Why is my bread flat?' })
  await expectInvariants(app.pool)
})

test('a bad line is reported with its file, number and reason; the rest is imported, and the command exits with 1', async () => {
  const acme = await organization()
  const good = (id: string) => JSON.stringify({ id, messages: [{ role: 'user', content: `About ${id}` }] })
  const file = await writeLines('broken.jsonl', good('one'), '{"messages": [', good('two'), '{"id": "three"}')

  const { code, output } = await importInto(acme, file)

  expect(code).toBe(1)
  expect(output).toMatch(new RegExp(`^${file}:2: \\S+`, 'm'))
  expect(output).toMatch(new RegExp(`^${file}:4: \\S+`, 'm'))
  expect(output).toContain('2 conversations, 2 new messages, 0 unchanged, 0 failed, 2 bad lines')
  expect(await threadsOf(acme)).toHaveLength(2)
})

test('an import whose messages could not all be embedded exits with 1', async () => {
  const acme = await organization()
  const contents = ['About looms', 'About nothing that anybody may embed']
  const messages = contents.map((content) => ({ role: 'user', content }))
  const file = await writeLines('refused.jsonl', JSON.stringify({ messages }))
  app.embedder.refuse((text) => text.includes('nothing'))

  const { code, output } = await importInto(acme, file, '--space', 'Memory')
  app.embedder.refuse(() => false)

  expect(code).toBe(1)
  expect(output).toContain('1 embedded, 0 skipped, 1 failed')
  await expectInvariants(app.pool)
})

test('a wrong key, or a server that is away, ends the import with 1 and one line', async () => {
  const wrongKey = await runImport([...FIXTURES, '--url', app.url, '--api-key', 'wrong'])
  const away = await runImport([...FIXTURES, '--url', 'http://127.0.0.1:9/graphql', '--api-key', API_KEY])

  expect(wrongKey.code).toBe(1)
  expect(wrongKey.errors).toMatch(/^.*\bkey\b.*\n$/)
  expect(away.code).toBe(1)
  expect(away.errors).toMatch(/^No answer from http:\/\/127\.0\.0\.1:9\/graphql \(.+\)\n$/)
})

test.each([
  ['without a file', []],
  ['with a file that is not there', ['missing.jsonl']],
  ['with an option that is none', ['missing.jsonl', '--spaces', 'Memory']],
  ['with an address but no key', [...FIXTURES, '--url', 'http://127.0.0.1:9/graphql']],
  ['with an id that is no organization’s', [...FIXTURES, '--organization', 'acme']],
  ['with an empty name of a space', [...FIXTURES, '--space', ' ']],
])('called %s, the command says so, starts nothing and exits with 2', async (_, words) => {
  const { code, output, errors } = await runImport(words)

  expect(code).toBe(2)
  expect(output).toBe('')
  expect(errors).toMatch(/^.+\nSee npm run import -- --help\n$/)
  expect(existsSync(join(directory, '.heddle'))).toBe(false)
})

test('a server that runs on the data directory is talked to; when none does, the directory is opened', async () => {
  const dataDir = join(directory, 'data')
  const server = await startApp(loadConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error' }))
  const viaServer = await runImport(FIXTURES, { DATA_DIR: dataDir })
  const client = new TestClient(server.url, null, { 'x-api-key': server.apiKey ?? '' })
  const { viewer } = await client.must('Viewer')
  await server.stop()

  const alone = await runImport([...FIXTURES, '--space', 'Memory'], { DATA_DIR: dataDir })

  expect(viaServer).toMatchObject({ code: 0, errors: '' })
  expect(viaServer.output).toContain(`Importing into ${server.url}\n`)
  expect(viewer.organizations.edges).toMatchObject([
    { node: { name: 'Personal', usage: { threads: CONVERSATIONS, messages: MESSAGES } } },
  ])
  expect(alone).toMatchObject({ code: 0, errors: '' })
  expect(alone.output).toContain(`Importing into the data directory ${dataDir}\n`)
  expect(alone.output).toContain(`0 new messages, ${CONVERSATIONS} unchanged`)
  expect(alone.output).toContain(`${CONVERSATIONS} threads added, 0 in it before; ${MESSAGES} embedded`)
  const { pool, close } = await openPglite({ directory: join(dataDir, 'database') })
  await expectInvariants(pool).finally(close)
})

async function writeLines(name: string, ...lines: string[]): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, lines.join('\n'))
  return file
}

function byText(a: unknown[], b: unknown[]): number {
  return String(a) < String(b) ? -1 : 1
}
