import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError } from '../../../src/platform/config/config.js'
import { TrustedDocuments } from '../../../src/server/operations/trusted.documents.js'
import { startTestApp } from '../../support/app.js'
import type { Json, TestClient } from '../../support/client.js'

const directory = mkdtempSync(join(tmpdir(), 'heddle-documents-'))
afterAll(() => rmSync(directory, { recursive: true }))

const VIEWER = 'query Viewer {\n  viewer {\n    id\n  }\n}'
const HASH = createHash('sha256').update(VIEWER).digest('hex')

function manifest(name: string, content: unknown): string {
  const path = join(directory, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}

async function send(client: TestClient, body: unknown): Promise<Json> {
  return (await client.post(JSON.stringify(body))).json()
}

test.each([
  [
    "Apollo's manifest",
    {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [{ id: HASH, name: 'Viewer', type: 'query', body: VIEWER }],
    },
  ],
  ['texts by their ids', { [HASH]: VIEWER }],
])('with %s only its documents run, sent by id or whole', async (name, content) => {
  const environment = { TRUSTED_DOCUMENTS: manifest(`${name}.json`, content) }
  await using app = await startTestApp({ environment })
  const client = app.withApiKey()
  const data = { viewer: { id: 'user_bootstrap' } }

  expect(await send(client, { extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } })).toEqual({
    data,
  })
  expect(await send(client, { documentId: HASH })).toEqual({ data })
  expect(await send(client, { documentId: `sha256:${HASH}` })).toEqual({ data })
  expect(await send(client, { query: 'query Viewer { viewer { id } }' })).toEqual({ data })
  const denied = { code: 'INSUFFICIENT_PERMISSIONS', status: 403, systemMessage: 'Document not trusted' }
  for (const body of [{ query: '{ viewer { id } }' }, { documentId: 'unknown' }, { query: '{ viewer {' }]) {
    expect(await send(client, body)).toFailWith(denied)
  }
  expect(await client.runOverWebSocket('{ viewer { id } }')).toFailWith(denied)
})

test('a file that is no manifest stops the start, and is named', () => {
  const path = manifest('list.json', ['{ viewer { id } }'])

  expect(() => TrustedDocuments.load(path)).toThrow(ConfigError)
  expect(() => TrustedDocuments.load(path)).toThrow(/TRUSTED_DOCUMENTS is .*list\.json/)
  expect(() => TrustedDocuments.load(join(directory, 'none.json'))).toThrow(/ENOENT/)
})
