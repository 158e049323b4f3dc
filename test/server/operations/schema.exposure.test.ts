import { expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'

const ASK = '{ __schema { queryType { name } } }'
const FRAGMENT = '{ ...q } fragment q on Query { __type(name: "Thread") { name } }'
const GUESS = '{ viewer { idd } }'

const open = (environment: Record<string, string>) => startTestApp({ environment })

async function expectHidden(client: TestClient, code: string): Promise<void> {
  for (const document of [ASK, FRAGMENT]) {
    expect(await client.run(document)).toFailWith({ code })
    expect(await client.runOverWebSocket(document)).toFailWith({ code })
  }
}

async function guess(client: TestClient): Promise<string> {
  const [error] = (await client.run(GUESS)).errors ?? []
  return `${error?.message} ${error?.extensions.message}`
}

async function withApp(environment: Record<string, string>, work: (app: TestApp) => Promise<void>) {
  await using app = await open(environment)
  await work(app)
}

test('in development everyone may ask for the schema, and is told better names', () =>
  withApp({}, async (app) => {
    expect((await app.anonymous().run(ASK)).data.__schema.queryType.name).toBe('Query')
    expect(await guess(app.anonymous())).toContain('Did you mean "id"')
  }))

test('anywhere else only who has a credential may', () =>
  withApp({ ENVIRONMENT: 'production' }, async (app) => {
    await expectHidden(app.anonymous(), 'UNAUTHENTICATED')
    expect((await app.withApiKey().run(ASK)).data.__schema.queryType.name).toBe('Query')
    expect(await guess(app.anonymous())).not.toContain('Did you mean')
    expect(await guess(app.withApiKey())).toContain('Did you mean')
    expect((await app.anonymous().run('{ __typename }')).data).toEqual({ __typename: 'Query' })
  }))

test('nobody may where it says so', () =>
  withApp({ INTROSPECTION: 'nobody', SUGGESTIONS: 'nobody' }, async (app) => {
    await expectHidden(app.anonymous(), 'INSUFFICIENT_PERMISSIONS')
    await expectHidden(app.withApiKey(), 'INSUFFICIENT_PERMISSIONS')
    expect(await guess(app.withApiKey())).not.toContain('Did you mean')
    const variable = await app
      .withApiKey()
      .run('query ($f: SearchFilterInput) { __typename @skip(if: false) }', {
        f: { role: 'USER' },
      })
    expect(JSON.stringify(variable.errors)).not.toContain('Did you mean')
  }))
