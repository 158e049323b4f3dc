import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type App, startApp } from '../src/app.js'
import { loadConfig } from '../src/platform/config/config.js'
import { readDataLock } from '../src/platform/database/data.lock.js'
import { TestClient } from './support/client.js'
import { FakeEmbedder } from './support/fake.embedder.js'
import { LogLines } from './support/log.lines.js'
import { fillDataDirectory } from './support/pglite.template.js'

let directory: string
let dataDir: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-app-'))
  dataDir = join(directory, 'data')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function start(environment: Record<string, string> = {}): Promise<App> {
  const config = loadConfig({ DATA_DIR: dataDir, PORT: '0', ...environment })
  return startApp(config, { embedders: [new FakeEmbedder()], logger: new LogLines().logger })
}

const withKey = ({ url, apiKey }: App) => new TestClient(url, null, { 'x-api-key': apiKey ?? '' })

test('the embedded default makes a key that only its user can read, and keeps it and the data', async () => {
  const first = await start()
  expect(first.isNewApiKey).toBe(true)
  expect(first.apiKey).toMatch(/^hdl_[\w-]{43}$/)
  expect(await readFile(join(dataDir, 'api-key'), 'utf8')).toBe(`${first.apiKey}\n`)
  expect((await stat(join(dataDir, 'api-key'))).mode & 0o777).toBe(0o600)
  await withKey(first).must('CreateOrganization', { name: 'Acme' })
  await first.stop()

  const second = await start()
  expect(second).toMatchObject({ apiKey: first.apiKey, isNewApiKey: false })
  const { viewer } = await withKey(second).must('Viewer')
  expect(viewer.organizations.edges).toMatchObject([{ node: { name: 'Acme' } }])
  await second.stop()
})

test('a data directory has one process, which says where it answers', async () => {
  await fillDataDirectory(dataDir)
  const app = await start()

  expect(readDataLock(dataDir)).toEqual({ pid: process.pid, url: app.url })
  await expect(start()).rejects.toThrow(`in use by process ${process.pid} at ${app.url}`)
  expect((await withKey(app).run('Viewer')).errors).toBeUndefined()

  await app.stop()
  expect(readDataLock(dataDir)).toBeNull()
})

test('a start that fails names the variable to change, and leaves nothing open', async () => {
  await fillDataDirectory(dataDir)
  const other = await listening()
  const { port } = other.address() as AddressInfo

  await expect(start({ PORT: String(port) })).rejects.toThrow(`Port ${port} on 127.0.0.1 is already in use`)
  await new Promise((resolve) => other.close(resolve))

  const app = await start({ PORT: String(port) })
  expect(app.url).toBe(`http://127.0.0.1:${port}/graphql`)
  await app.stop()
})

test('a configured key takes the place of the one that is made', async () => {
  await fillDataDirectory(dataDir)
  const key = 'a_key_that_somebody_has_chosen'
  const app = await start({ BOOTSTRAP_API_KEY: key })

  expect(app).toMatchObject({ apiKey: key, isNewApiKey: false })
  expect(await withKey(app).must('Viewer')).toMatchObject({ viewer: { id: 'user_bootstrap' } })
  await app.stop()
})

function listening(): Promise<Server> {
  const server = createServer()
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}
