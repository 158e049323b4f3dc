import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { UsageError } from '../../src/commands/import.organization.js'
import { connectServer, type StartServer } from '../../src/commands/server.connection.js'
import { loadConfig } from '../../src/platform/config/config.js'
import { acquireDataLock } from '../../src/platform/database/data.lock.js'

const NOWHERE = { url: null, apiKey: null }
const refuse: StartServer = () => Promise.reject(new Error('nothing must be started'))

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'heddle-connection-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

test('a server that is named is used with the key that is given', async () => {
  const url = 'http://gateway.test/graphql'
  const { client } = await connectServer({ url, apiKey: 'given' }, loadConfig({ DATA_DIR: dataDir }), refuse)

  expect(client).toMatchObject({ url, apiKey: 'given' })
})

test('the key of the data directory is not sent to a server that is named', async () => {
  await writeFile(join(dataDir, 'api-key'), 'stored')
  const address = { url: 'http://gateway.test/graphql', apiKey: null }

  await expect(connectServer(address, loadConfig({ DATA_DIR: dataDir }), refuse)).rejects.toThrow(UsageError)
})

test.each(['gateway.test/graphql', 'file:///graphql', ''])('%o is no address of a server', async (url) => {
  const address = { url, apiKey: 'given' }

  await expect(connectServer(address, loadConfig({}), refuse)).rejects.toThrow(UsageError)
})

test('the server that has the data directory open is used, with the key that lies there', async () => {
  await writeFile(join(dataDir, 'api-key'), 'stored\n')
  const lock = await acquireDataLock(dataDir)
  await lock.announce({ url: 'http://127.0.0.1:4123/graphql' })

  const { client } = await connectServer(NOWHERE, loadConfig({ DATA_DIR: dataDir }), refuse)
  await lock.release()

  expect(client).toMatchObject({ url: 'http://127.0.0.1:4123/graphql', apiKey: 'stored' })
})

test('when none runs a server is started on any free port, and stopped at the end', async () => {
  const calls: unknown[] = []
  const start: StartServer = (_config, options) => {
    calls.push(options)
    const stop = (): Promise<void> => Promise.resolve(void calls.push('stopped'))
    return Promise.resolve({ url: 'http://127.0.0.1:1/graphql', apiKey: 'made', stop })
  }

  const connection = await connectServer(NOWHERE, loadConfig({ DATA_DIR: dataDir }), start)
  await connection.close()

  expect(connection.client.apiKey).toBe('made')
  expect(calls).toEqual([{ port: 0 }, 'stopped'])
})
