import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { chromiumPath, launchBrowser } from '../support/browser.js'
import { type BuiltPage, builtGraphiql } from '../support/graphiql.build.js'
import { GraphiqlPage } from '../support/graphiql.page.js'
import { type StandIn, startServer } from '../support/graphiql.standin.js'

const BUILD_MS = 180_000
const PATIENCE_MS = 15_000

describe.skipIf(chromiumPath() === null)('GraphiQL in a browser', () => {
  let page: BuiltPage
  let browser: Browser
  let server: StandIn

  beforeAll(async () => {
    page = await builtGraphiql()
    browser = await launchBrowser()
  }, BUILD_MS)

  afterAll(async () => {
    await browser.close()
    await page.remove()
  })

  beforeEach(async () => {
    server = await startServer(page.directory)
  })

  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await server.stop()
  })

  const subscribers = (count: number) =>
    vi.waitFor(() => expect(server.subscribers()).toBe(count), PATIENCE_MS)

  test('the page is called Heddle, starts with the tour of the gateway, and breaks no rule of its policy', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${server.url}#apiKey=hk_one`)

    expect(await graphiql.title()).toBe('Heddle')
    expect(await graphiql.readQuery()).toContain('query Viewer {')
    expect(await graphiql.readVariables()).toContain('"organizationId"')
    await graphiql.runTab('query Greeting($name: String!) { greeting(name: $name) }', { name: 'Ada' })
    await graphiql.readResult()
    expect(graphiql.complaints).toEqual([])
  })

  test('a key in the fragment fills the headers pane and leaves the address bar', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${server.url}#apiKey=hk_one`)

    expect(JSON.parse(await graphiql.readHeaders())).toEqual({ 'X-API-Key': 'hk_one' })
    expect(graphiql.address()).toBe(server.url)

    await graphiql.follow(`${server.url}#apiKey=hk_two`)
    await vi.waitFor(
      async () => expect(JSON.parse(await graphiql.readHeaders())).toEqual({ 'X-API-Key': 'hk_two' }),
      PATIENCE_MS,
    )
    expect(graphiql.address()).toBe(server.url)
  })

  test('a second visit finds the tab as it was left, and no other', async () => {
    const graphiql = await GraphiqlPage.open(browser, server.url)
    await graphiql.waitUntilStored('organizationId')
    await graphiql.follow(server.url)

    expect(await graphiql.tabTitles()).toEqual(['Viewer'])
    expect(await graphiql.readQuery()).toContain('query Viewer {')
    expect(await graphiql.readVariables()).toContain('"organizationId"')
  })

  test('queries and mutations carry the variables and the headers of their panes', async () => {
    const graphiql = await GraphiqlPage.open(browser, server.url)
    await graphiql.setHeaders('{ "X-API-Key": "hk_typed" }')

    await graphiql.runTab('query Greeting($name: String!) { greeting(name: $name) }', { name: 'Ada' })
    expect(await graphiql.readResult()).toEqual({ data: { greeting: 'Hello, Ada' } })

    await graphiql.runTab('mutation Rename($name: String!) { rename(name: $name) }', { name: 'Grace' })
    expect(await graphiql.readResult((result) => result.data?.rename !== undefined)).toEqual({
      data: { rename: 'Grace' },
    })
    expect(server.httpKeys).toEqual(['hk_typed', 'hk_typed'])
  })

  test('a subscription shows each event as it comes, and ends when the server completes it', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${server.url}#apiKey=hk_one`)

    await graphiql.runTab('subscription Progress { progress }')
    await subscribers(1)
    for (const percent of [0, 50, 100]) {
      server.tick(percent)
      await graphiql.readResult((result) => result.data?.progress === percent)
    }
    expect(await graphiql.isRunning()).toBe(true)

    server.finish()
    await graphiql.waitUntilIdle()
    expect(await graphiql.readResult()).toEqual({ data: { progress: 100 } })
  })

  test('stopping a subscription ends it on the server, between two events', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${server.url}#apiKey=hk_one`)

    await graphiql.runTab('subscription Progress { progress }')
    await subscribers(1)
    await graphiql.stop()

    await subscribers(0)
    await graphiql.waitUntilIdle()
  })

  test('changed headers reach the WebSocket: the next subscription connects anew with them', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${server.url}#apiKey=hk_one`)

    await graphiql.runTab('subscription Progress { progress }')
    await subscribers(1)
    await graphiql.stop()
    await graphiql.setHeaders('{ "Authorization": "Bearer two", "X-API-Key": "hk_two" }')
    await graphiql.runTab('subscription Progress { progress }')
    await subscribers(1)

    expect(server.connectionParams).toEqual([
      { 'X-API-Key': 'hk_one' },
      { Authorization: 'Bearer two', 'X-API-Key': 'hk_two' },
    ])
  })

  test('without credentials the page says why it knows no schema, and reads it once they are entered', async () => {
    const graphiql = await GraphiqlPage.open(browser, server.url)

    expect(await graphiql.readSchemaProblem()).toContain('Sign in with an API key.')
    await graphiql.setHeaders('{ "X-API-Key": "hk_typed" }')
    await graphiql.waitUntilSchemaIsRead()
  })

  test('what goes wrong is shown as errors in words', async () => {
    const graphiql = await GraphiqlPage.open(browser, `${server.url}#apiKey=hk_one`)

    await graphiql.runTab('mutation Rename { rename(name: "") }')
    expect((await graphiql.readResult()).errors).toMatchObject([{ message: 'A name needs a letter.' }])

    await graphiql.runTab('subscription Unknown { unknown }')
    await graphiql.readResult((result) => /Cannot query field/.test(messageOf(result)))

    await graphiql.setHeaders('{}')
    await graphiql.runTab('subscription Progress { progress }')
    await graphiql.readResult((result) => /closed the connection: Forbidden/.test(messageOf(result)))

    await graphiql.goOffline()
    await graphiql.runTab('query Greeting { greeting(name: "Ada") }')
    await graphiql.readResult((result) => /Does the gateway run\?/.test(messageOf(result)))
  })
})

function messageOf(result: { errors?: { message: string }[] }): string {
  return result.errors?.[0]?.message ?? ''
}
