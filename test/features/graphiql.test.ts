import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { chromiumPath, launchBrowser } from '../support/browser.js'
import { BUILD_MS, buildServer } from '../support/built.server.js'
import type { TestClient } from '../support/client.js'
import { eventually } from '../support/eventually.js'
import { FakeEmbedder } from '../support/fake.embedder.js'
import { GraphiqlPage, type ShownResult } from '../support/graphiql.page.js'
import { expectInvariants } from '../support/invariants.js'
import type { Seeded, SeededLink } from '../support/seed.js'

// Of the README, drawn anew with UPDATE_PICTURE=1.
const PICTURE = join(import.meta.dirname, '../../docs/graphiql.png')
const MESSAGES = 4_000
const CALL_MS = 250

describe.skipIf(chromiumPath() === null)('GraphiQL in a browser', () => {
  let app: TestApp
  let browser: Browser
  let owner: TestClient
  let organization: Seeded

  beforeAll(async () => {
    await buildServer()
    app = await startTestApp({ embedder: new FakeEmbedder({ batchSize: 128, concurrency: 4 }) })
    browser = await launchBrowser()
    owner = app.withApiKey()
    organization = await app.seed.organization(owner)
  }, BUILD_MS)

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    app.embedder.delay(0)
    app.embedder.resume()
  })

  afterAll(async () => {
    await browser.close()
    await app[Symbol.asyncDispose]()
  })

  const key = () => owner.headers['x-api-key'] as string
  const open = () => GraphiqlPage.open(browser, `${app.url}#apiKey=${key()}`)

  test('the page is called Heddle, starts with the tour of the gateway, and breaks no rule of its policy', async () => {
    const graphiql = await open()

    expect(await graphiql.title()).toBe('Heddle')
    expect(await graphiql.readQuery()).toContain('query Viewer {')
    expect(await graphiql.readVariables()).toContain('"organizationId"')
    await graphiql.runFirstTab('Viewer')
    expect((await graphiql.readResult()).data?.viewer).toMatchObject({ id: owner.userId })
    expect(graphiql.complaints).toEqual([])
  })

  test('a key in the fragment fills the headers pane and leaves the address bar', async () => {
    const graphiql = await open()

    expect(JSON.parse(await graphiql.readHeaders())).toEqual({ 'X-API-Key': key() })
    expect(graphiql.address()).toBe(app.url)

    await graphiql.follow(`${app.url}#apiKey=another`)
    await eventually(async () =>
      expect(JSON.parse(await graphiql.readHeaders())).toEqual({ 'X-API-Key': 'another' }),
    )
    expect(graphiql.address()).toBe(app.url)
  })

  test('a second visit finds the tab as it was left, and no other', async () => {
    const graphiql = await GraphiqlPage.open(browser, app.url)
    await graphiql.waitUntilStored('organizationId')
    await graphiql.follow(app.url)

    expect(await graphiql.tabTitles()).toEqual(['Viewer'])
    expect(await graphiql.readQuery()).toContain('query Viewer {')
    expect(await graphiql.readVariables()).toContain('"organizationId"')
  })

  test('queries and mutations carry the variables and the headers of their panes', async () => {
    const graphiql = await GraphiqlPage.open(browser, app.url)
    await graphiql.setHeaders({ 'X-API-Key': key() })
    const input = { organizationId: organization.id, title: 'From the page' }

    await graphiql.runTab(
      'mutation Make($input: CreateThreadInput!) { createThread(input: $input) { thread { id title } } }',
      { input },
    )
    const made = await graphiql.readResult()
    await graphiql.runTab('query Read($id: ID!) { thread(id: $id) { title owner { id } } }', {
      id: made.data?.createThread.thread.id,
    })

    expect(made.data?.createThread.thread.title).toBe('From the page')
    expect(await graphiql.readResult((result) => result.data?.thread !== undefined)).toEqual({
      data: { thread: { title: 'From the page', owner: { id: owner.userId } } },
    })
  })

  test('the first tab adds a thread to a space and watches its backfill, over several values, to the end', async () => {
    const space = await app.seed.space(organization)
    const thread = await app.seed.thread({ organization, messages: MESSAGES })
    const ids = { organizationId: organization.id, threadId: thread.id, spaceId: space.id }
    const graphiql = await open()
    app.embedder.pause()

    await graphiql.setVariables(ids)
    await graphiql.runFirstTab('AddThreadToSpace')
    const added = await graphiql.readResult(({ data }) => data?.addThreadToSpace !== undefined)
    const backfillId = added.data?.addThreadToSpace.backfill.id
    await graphiql.setVariables({ ...ids, backfillId, query: 'What did we decide about pricing?' })
    await graphiql.runFirstTab('BackfillProgress')
    await graphiql.readResult(shows(0))
    app.embedder.delay(CALL_MS)
    app.embedder.resume()
    await graphiql.readResult(({ data }) => data?.backfillProgress?.percent >= 40)
    app.embedder.pause()
    expect(await graphiql.isRunning()).toBe(true)
    if (process.env.UPDATE_PICTURE === '1') await graphiql.screenshot(PICTURE)

    app.embedder.resume()
    await graphiql.waitUntilIdle()
    const end = { status: 'COMPLETED', percent: 100, processed: MESSAGES }
    expect((await graphiql.readResult()).data?.backfillProgress).toMatchObject(end)
    expect((await owner.must('Space', { id: space.id })).space.vectorCount).toBe(MESSAGES)
    await expectInvariants(app.pool)
  })

  test('stopping a subscription closes its connection, between two events', async () => {
    app.embedder.pause()
    const { backfillId } = await spaceWithThread(1)
    const graphiql = await open()

    await graphiql.runTab(WATCH, { id: backfillId })
    await graphiql.readResult(shows(0))
    expect(graphiql.openSockets()).toBe(1)
    await graphiql.stop()

    await eventually(() => expect(graphiql.openSockets()).toBe(0))
    await graphiql.waitUntilIdle()
  })

  test('changed headers reach the WebSocket: the next subscription is that of another caller', async () => {
    const { backfillId } = await spaceWithThread(3)
    const stranger = await app.seed.user()
    const graphiql = await open()

    await graphiql.runTab(WATCH, { id: backfillId })
    await graphiql.readResult(shows(100))
    await graphiql.waitUntilIdle()
    await graphiql.setHeaders({ Authorization: stranger.headers.authorization })
    await graphiql.runTab(WATCH, { id: backfillId })

    await graphiql.readResult((result) => /does not exist/.test(messageOf(result)))
  })

  test('with a wrong key the page says why it knows no schema, and reads it once the right one is entered', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${app.url}#apiKey=wrong`)

    expect(await graphiql.readSchemaProblem()).toContain('Sign in with an API key')
    await graphiql.setHeaders({ 'X-API-Key': key() })
    await graphiql.waitUntilSchemaIsRead()
  })

  test('what goes wrong is shown as errors in words', async () => {
    const graphiql = await open()

    await graphiql.runTab('mutation Make { createOrganization(name: "") { organization { id } } }')
    await graphiql.readResult((result) => /^Invalid name/.test(messageOf(result)))

    await graphiql.runTab('subscription Unknown { unknown }')
    await graphiql.readResult((result) => /Cannot query field/.test(messageOf(result)))

    await graphiql.setHeaders({})
    await graphiql.runTab(WATCH, { id: 'bkfl_none' })
    await graphiql.readResult((result) => /Sign in with an API key/.test(messageOf(result)))

    await graphiql.goOffline()
    await graphiql.runTab('query Me { viewer { id } }')
    await graphiql.readResult((result) => /Is the gateway running\?/.test(messageOf(result)))
  })

  async function spaceWithThread(messages: number): Promise<Pick<SeededLink, 'space' | 'backfillId'>> {
    const space = await app.seed.space(organization)
    const thread = await app.seed.thread({ organization, messages })
    return { space, backfillId: await app.seed.link(space, thread) }
  }
})

const WATCH = 'subscription Watch($id: ID!) { backfillProgress(backfillId: $id) { status percent } }'

function shows(percent: number): (result: ShownResult) => boolean {
  return ({ data }) => data?.backfillProgress?.percent === percent
}

function messageOf(result: ShownResult): string {
  return result.errors?.[0]?.message ?? ''
}
