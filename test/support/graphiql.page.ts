import type { Browser, Locator, Page } from 'playwright-core'
import type { Json } from './client.js'
import { eventually, PATIENCE_MS } from './eventually.js'

/** The part of Monaco that GraphiQL leaves on the page. */
interface WithMonaco {
  __MONACO: { editor: { getModels(): Model[]; getEditors(): Editor[] } }
}

interface Model {
  uri: { path: string }
  getValue(): string
}

interface Editor {
  getModel(): Model | null
  setPosition(position: { lineNumber: number; column: number }): void
  revealLineNearTop(line: number): void
  focus(): void
}

type Pane = 'operation.graphql' | 'variables.json' | 'request-headers.json' | 'response.json'

/** What the response pane shows, read as JSON. */
export interface ShownResult {
  data?: Record<string, Json> | null
  errors?: { message: string }[]
}

/** The GraphiQL page as a user sees it: panes that are typed into, a button, and what is shown. */
export class GraphiqlPage {
  /** What the browser complained about: script errors, refused resources, violations of the security policy. */
  readonly complaints: string[] = []
  #openSockets = 0

  private constructor(private readonly page: Page) {
    page.on('pageerror', (error) => this.complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text())
    })
    page.on('websocket', (socket) => {
      this.#openSockets++
      socket.on('close', () => void this.#openSockets--)
    })
  }

  /** Opens the page in a browser context of its own: no storage is shared with another page object. */
  static async open(browser: Browser, url: string): Promise<GraphiqlPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    const graphiql = new GraphiqlPage(await context.newPage())
    await graphiql.follow(url)
    return graphiql
  }

  /** Enters another address in the same tab. */
  async follow(url: string): Promise<void> {
    await this.page.goto(url)
    await this.editor('.graphiql-query-editor').waitFor({ timeout: PATIENCE_MS })
  }

  address(): string {
    return this.page.url()
  }

  title(): Promise<string> {
    return this.page.title()
  }

  tabTitles(): Promise<string[]> {
    return this.page.locator('.graphiql-tab-button').allTextContents()
  }

  /** Waits until the browser keeps `text` in a tab's stored state, which happens a moment after each change. */
  async waitUntilStored(text: string): Promise<void> {
    await eventually(async () => {
      const { origins } = await this.page.context().storageState()
      const stored = origins.flatMap(({ localStorage }) => localStorage)
      const tabs = stored.find(({ name }) => name === 'graphiql:tabState')
      if (!tabs?.value.includes(text)) throw new Error(`No stored tab has ${text}`)
    })
  }

  readQuery(): Promise<string> {
    return this.read('operation.graphql')
  }

  readVariables(): Promise<string> {
    return this.read('variables.json')
  }

  readHeaders(): Promise<string> {
    return this.read('request-headers.json')
  }

  async setHeaders(headers: Record<string, unknown>): Promise<void> {
    await this.openTool('headers')
    await this.fill(this.tool('Headers'), linesOf(headers))
  }

  async setVariables(variables: Record<string, unknown>): Promise<void> {
    await this.openTool('variables')
    await this.fill(this.tool('Variables'), linesOf(variables))
  }

  /** Replaces the tab's document, which must hold one named operation, and starts it. */
  async runTab(query: string, variables: Record<string, unknown> = {}): Promise<void> {
    const name = /(?:query|mutation|subscription)\s+(\w+)/.exec(query)?.[1]
    if (name === undefined) throw new Error('The operation needs a name: the tab shows it once it is read.')
    await this.fill(this.editor('.graphiql-query-editor'), query)
    await this.page.locator('.graphiql-tab-active', { hasText: name }).waitFor({ timeout: PATIENCE_MS })
    await this.setVariables(variables)
    await this.page.getByRole('button', { name: 'Execute query' }).click()
  }

  /** Runs an operation of the document that is there, as Ctrl-Enter with the cursor in it does; it comes into view. */
  async runFirstTab(name: string): Promise<void> {
    await this.page.evaluate((operation) => {
      const editors = (globalThis as unknown as WithMonaco).__MONACO.editor.getEditors()
      const editor = editors.find((each) => each.getModel()?.uri.path.endsWith('operation.graphql'))
      const lines = editor?.getModel()?.getValue().split('\n') ?? []
      const line = 1 + lines.findIndex((text) => new RegExp(`^\\w+ ${operation}\\b`).test(text))
      editor?.setPosition({ lineNumber: line, column: 1 })
      editor?.revealLineNearTop(line)
      editor?.focus()
    }, name)
    await this.page.keyboard.press('ControlOrMeta+Enter')
  }

  /** How many WebSockets the page has open. */
  openSockets(): number {
    return this.#openSockets
  }

  /** Ends the subscription that runs. */
  async stop(): Promise<void> {
    await this.page.getByRole('button', { name: 'Stop query' }).click()
  }

  isRunning(): Promise<boolean> {
    return this.page.getByRole('button', { name: 'Stop query' }).isVisible()
  }

  /** Waits until the operation has ended. */
  async waitUntilIdle(): Promise<void> {
    await this.page.getByRole('button', { name: 'Execute query' }).waitFor({ timeout: PATIENCE_MS })
  }

  /** Waits for a result that `accept` takes: the answer of an operation, or the newest event of a subscription. */
  readResult(accept: (result: ShownResult) => boolean = () => true): Promise<ShownResult> {
    return eventually(async () => {
      const shown = await this.read('response.json')
      const result = JSON.parse(shown) as ShownResult
      if (!accept(result)) throw new Error(`The response pane still shows ${shown}`)
      return result
    })
  }

  /** Why the schema could not be read, once the page says so. */
  readSchemaProblem(): Promise<string | null> {
    return this.schemaProblem().textContent({ timeout: PATIENCE_MS })
  }

  async waitUntilSchemaIsRead(): Promise<void> {
    await this.schemaProblem().waitFor({ state: 'detached', timeout: PATIENCE_MS })
  }

  /** Cuts the page off from every server. */
  async goOffline(): Promise<void> {
    await this.page.context().setOffline(true)
  }

  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path })
  }

  private schemaProblem(): Locator {
    return this.page.locator('.schema-problem')
  }

  /** The whole text of a pane: its elements on the page are only the lines in view. */
  private read(pane: Pane): Promise<string> {
    return this.page.evaluate((name) => {
      const models = (globalThis as unknown as WithMonaco).__MONACO.editor.getModels()
      return models.find(({ uri }) => uri.path.endsWith(name))?.getValue() ?? ''
    }, pane)
  }

  private editor(pane: string): Locator {
    return this.page.locator(`${pane} .monaco-editor`).first()
  }

  private tool(name: 'Variables' | 'Headers'): Locator {
    return this.page
      .locator(`section[aria-label="${name}"] .graphiql-editor:not(.hidden) .monaco-editor`)
      .first()
  }

  private async openTool(name: 'variables' | 'headers'): Promise<void> {
    const button = this.page.locator(`.graphiql-editor-tools button[data-name="${name}"]`)
    // A click on the tool that is open already would fold it away.
    if (!(await button.evaluate((element) => element.classList.contains('active')))) await button.click()
  }

  private async fill(editor: Locator, text: string): Promise<void> {
    await editor.locator('textarea').first().focus()
    await this.page.keyboard.press('ControlOrMeta+A')
    await this.page.keyboard.insertText(text)
    // The editor closes brackets and quotes of its own accord, behind the cursor.
    await this.page.keyboard.press('ControlOrMeta+Shift+End')
    await this.page.keyboard.press('Delete')
    // It has indented the last bracket like the lines before it.
    if (text.includes('\n')) await this.page.keyboard.press('Shift+Tab')
  }
}

/** JSON as it is typed: the editor indents it by itself. */
function linesOf(object: Record<string, unknown>): string {
  return JSON.stringify(object, null, 1).replace(/^ +/gm, '')
}
