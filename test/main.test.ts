import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUILD_MS, buildServer, builtEntry } from './support/built.server.js'
import { TestProcess } from './support/child.process.js'
import { TestClient } from './support/client.js'
import { type FakeEmbeddingEndpoint, startEmbeddingEndpoint } from './support/embedding.endpoint.js'
import { eventually } from './support/eventually.js'
import { fillDataDirectory } from './support/pglite.template.js'
import { Seed } from './support/seed.js'

/** Rules of the process that `npm start` runs, each on the embedded database in one directory. */

const API_KEY = 'hdl_key_of_a_process_of_its_own'
const GONE = { code: null, signal: 'SIGKILL' }

let directory: string
let endpoint: FakeEmbeddingEndpoint

beforeAll(async () => {
  await buildServer()
  directory = await mkdtemp(join(tmpdir(), 'heddle-main-'))
  await fillDataDirectory(join(directory, 'data'))
  endpoint = await startEmbeddingEndpoint({ dimensions: 8 })
}, BUILD_MS)

afterAll(async () => {
  await endpoint.close()
  await rm(directory, { recursive: true })
})

function run(environment: Record<string, string> = {}): TestProcess {
  return new TestProcess(builtEntry('main.js'), {
    directory,
    environment: { PORT: '0', DATA_DIR: 'data', ...environment },
  })
}

/** The endpoint's address in the line that says that the server is ready. */
async function addressOf(server: TestProcess): Promise<string> {
  const [url] = /http:\S+/.exec(await server.firstLine()) ?? []
  if (url === undefined) throw new Error(`No address in: ${server.output}`)
  return url.replace('localhost', '127.0.0.1')
}

test('a start prints one line, which tells of a new key only when it has made one', async () => {
  await using first = run({ DATA_DIR: 'fresh' })
  await first.firstLine()
  await first.kill('SIGTERM')
  await using second = run({ DATA_DIR: 'fresh' })
  await second.firstLine()
  await second.kill('SIGTERM')

  const ready = 'Heddle is ready at http://localhost:\\d+/graphql'
  const made = 'new API key hdl_[\\w-]{43}, kept in fresh/api-key'
  expect(first.output).toMatch(new RegExp(`^${ready} \\(embedded database in fresh; ${made}\\)\\n$`))
  expect(second.output).toMatch(
    new RegExp(`^${ready} \\(embedded database in fresh; API key in fresh/api-key\\)\\n$`),
  )
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s lets the server answer what it was asked, and it exits with 0',
  async (signal) => {
    await using server = run({
      BOOTSTRAP_API_KEY: API_KEY,
      EMBEDDING_PROVIDER: 'openai',
      EMBEDDING_BASE_URL: endpoint.url,
      EMBEDDING_MODEL: 'held-back',
      EMBEDDING_DIMENSIONS: '8',
    })
    const owner = new TestClient(await addressOf(server), null, { 'x-api-key': API_KEY })
    const space = await new Seed({ as: async () => owner }).space()
    endpoint.pause()
    const searching = owner.run('SearchSpace', { spaceId: space.id, query: 'plans' })
    await eventually(() => expect(endpoint.inFlight).toBe(1))

    const exiting = server.kill(signal)
    await eventually(() => expect(owner.run('Viewer')).rejects.toThrow('fetch failed'))
    endpoint.resume()

    expect(await searching).toMatchObject({ status: 200, data: { searchSpace: { edges: [] } } })
    expect(await exiting).toEqual({ code: 0, signal: null })
    expect(server.errors).toBe('')
  },
)

test('a second server on the same data directory is refused, with the first one named', async () => {
  await using first = run()
  const url = await addressOf(first)

  await using second = run()

  expect(await second.exit).toEqual({ code: 1, signal: null })
  expect(second.output).toBe('')
  expect(second.errors).toBe(
    `The data directory data is in use by process ${first.pid} at ${url}. ` +
      'Stop that process, or set DATA_DIR to another directory.\n',
  )
})

test('the lock of a killed server is taken over, and its key still opens the door', async () => {
  await using killed = run()
  await killed.firstLine()
  expect(await killed.kill('SIGKILL')).toEqual(GONE)

  await using next = run()
  const url = await addressOf(next)

  const key = await readFile(join(directory, 'data/api-key'), 'utf8')
  const viewer = new TestClient(url, null, { 'x-api-key': key.trim() })
  expect(await viewer.must('Viewer')).toMatchObject({ viewer: { id: expect.stringContaining('user_') } })
})

test.each([
  [
    'a port that is none',
    { PORT: 'seventy' },
    'PORT is "seventy"; accepted: a whole number from 0 to 65,535.',
  ],
  [
    'a database that is not there',
    {
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      DATABASE_START_WAIT_SECONDS: '0',
      JWT_SECRET: 'x'.repeat(32),
    },
    'The database cannot be reached (ECONNREFUSED).',
  ],
  [
    'PostgreSQL without any way to sign in',
    { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    'BOOTSTRAP_API_KEY',
  ],
])('a start with %s ends with 1 and says why, without a stack', async (_, environment, reason) => {
  await using server = run(environment)

  expect(await server.exit).toEqual({ code: 1, signal: null })
  expect(server.output).toBe('')
  expect(server.errors).toContain(reason)
  expect(server.errors).not.toMatch(/^\s+at /m)
})
