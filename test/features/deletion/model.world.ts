import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import type { TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { ACCEPT_MEMBERSHIP, GRANT_TO_ROLE, RETRY_EFFECT } from '../../support/documents.js'
import { eventually } from '../../support/eventually.js'
import type { FakeSandboxEndpoint } from '../../support/sandbox.endpoint.js'
import { endRetentionOf } from '../purge/purge.fixture.js'
import { liveThread, type Outcome } from './model.answers.js'
import { call, linkName } from './model.calls.js'
import type { Command } from './model.commands.js'
import { WorldNames } from './model.names.js'
import {
  expectedFound,
  expectedShown,
  foundOf,
  observationOf,
  readFound,
  readShown,
  requireEqual,
} from './model.observation.js'
import { type Answered, explain } from './model.order.js'
import { auditEventsOf, messagesOf, parkedEffectsOf } from './model.queries.js'
import { ADMINISTRATOR } from './model.rules.js'
import { keyOf, type ModelState, settled } from './model.state.js'
import { textsOf } from './model.texts.js'

const EMPTY: ModelState = { threads: {}, projects: {}, spaces: {}, batches: {}, tokens: {} }
// Where more could be true, a look at what is true costs less than to think on.
const MOST_STATES = 24
const SHOWN_GROUPS = 15

/** Two organizations with an administrator and two members, beside a model of what is there. */
export class World {
  readonly names: WorldNames
  readonly #acknowledged: number[] = []
  /** each state that explains all replies so far */
  #states: readonly ModelState[] = [EMPTY]
  readonly #taken: string[] = []

  private constructor(
    private readonly app: TestApp,
    private readonly sandboxes: FakeSandboxEndpoint,
    private readonly users: readonly TestClient[],
    private readonly organizationIds: readonly string[],
  ) {
    this.names = new WorldNames(randomUUID().slice(0, 8), organizationIds)
  }

  static async make(app: TestApp, sandboxes: FakeSandboxEndpoint): Promise<World> {
    const users = await Promise.all([app.seed.user(), app.seed.user(), app.seed.user()])
    const [administrator, ...members] = users as [TestClient, ...TestClient[]]
    const organizationIds: string[] = []
    for (let count = 0; count < 2; count++) {
      const { id: organizationId } = await app.seed.organization(administrator)
      for (const member of members) {
        const { userId } = member
        await administrator.must('AddOrganizationMember', { organizationId, userId, role: 'MEMBER' })
        await member.must(ACCEPT_MEMBERSHIP, { organizationId })
      }
      organizationIds.push(organizationId)
    }
    const world = new World(app, sandboxes, users, organizationIds)
    for (const user of users) world.#acknowledged.push((await auditEventsOf(user)).length)
    for (const organization of [0, 0, 1]) {
      const user = ADMINISTRATOR
      await world.take([{ kind: 'createSpace', space: world.names.fresh('space'), user, organization }])
    }
    return world
  }

  /** Does them at once, and asserts that an order of them explains the replies. */
  async take(commands: readonly Command[]): Promise<void> {
    const answered = await Promise.all(commands.map((command) => this.#do(command)))
    this.#taken.push(
      answered
        .map(({ command, outcome }) => `${JSON.stringify(command)} -> ${JSON.stringify(outcome)}`)
        .join('\n'),
    )
    const states = explain(this.#states, answered)
    if (states.length === 0) throw new Unexplained(this.#states)
    this.#states = states
    if (states.length > MOST_STATES) await this.look()
  }

  /** Asserts that what users see, once workers have nothing left to do, is what the model expects. */
  async look(): Promise<void> {
    const states = distinct(this.#states.map(settled))
    const spaces = this.names.spaces.map((name) => this.names.of(name))
    const document = observationOf(this.organizationIds, spaces)
    await eventually(async () => {
      const { data } = await this.#administrator.run(document)
      const shown = readShown(data, this.organizationIds, spaces.length, this.names.nameOf)
      this.#states = states.filter((state) => isDeepStrictEqual(expectedShown(state), shown))
      if (this.#states.length === 0) requireEqual(shown, expectedShown(states[0] as ModelState))
      const found = readFound(data, spaces.length, this.names.nameOf)
      for (const [space, { similarities }] of Object.entries(found)) {
        const strange = Object.keys(similarities).filter((name) => !shown.spaces[space]?.texts[name])
        expect(strange, `found in ${space}, and not there`).toEqual([])
      }
    })
    // What was canceled waits until somebody takes it up.
    await this.#expectFound(Object.keys(this.#state.spaces).filter((space) => !this.#isCanceled(space)))
    for (const name of Object.keys(this.#state.projects))
      expect(this.#deletionsOf(name), `sandbox of ${name}, which is there`).toEqual([])
  }

  /** Asserts it of everything, when nothing is left to do. */
  async end(): Promise<void> {
    this.sandboxes.mend()
    await this.look()
    await this.#resume()
    await this.#expectFound(Object.keys(this.#state.spaces))
    await this.#expectTexts()
    await this.#expectSandboxes()
    for (const [index, user] of this.users.entries()) {
      expect((await auditEventsOf(user)).length, `audit events of user ${index}`).toBe(
        this.#acknowledged[index],
      )
    }
  }

  /** What was done and answered last; commands that ran at once stand together. */
  get history(): string {
    return this.#taken.slice(-SHOWN_GROUPS).join('\n\n')
  }

  get #administrator(): TestClient {
    return this.users[ADMINISTRATOR] as TestClient
  }

  get #state(): ModelState {
    return this.#states[0] as ModelState
  }

  async #do(command: Command): Promise<Answered> {
    if (command.kind === 'endRetention') {
      // Told, because a look that comes before the purge cannot see it.
      const isEnded = await endRetentionOf(this.app, this.names.of(command.thread))
      return { command, outcome: { code: null, isEnded } }
    }
    if (command.kind === 'failSandbox') {
      this.sandboxes.failNext(command.status)
      return { command, outcome: { code: null } }
    }
    const { outcome, payload } = await call(this.users[command.user] as TestClient, command, this.names)
    this.names.keep(command, payload)
    if (command.kind !== 'preview') this.#acknowledge(command.user, outcome)
    if (command.kind === 'createSpace') await this.#letMembersEdit(command.space)
    return { command, outcome }
  }

  async #letMembersEdit(space: string): Promise<void> {
    const variables = { spaceId: this.names.of(space), organizationRole: 'MEMBER', role: 'EDITOR' }
    await this.#administrator.must(GRANT_TO_ROLE, variables)
    this.#acknowledge(ADMINISTRATOR, { code: null })
  }

  #acknowledge(user: number, { code }: Outcome): void {
    if (code === null) this.#acknowledged[user] = (this.#acknowledged[user] ?? 0) + 1
  }

  /** What was canceled is taken up: adding a thread again does that. */
  async #resume(): Promise<void> {
    for (const [space, { threads }] of Object.entries(this.#state.spaces)) {
      for (const thread of threads) {
        const { batch, owner } = this.#state.threads[thread] ?? {}
        if (batch === null && this.names.wasCanceled(linkName({ space, thread }))) {
          await this.take([{ kind: 'add', space, thread, user: owner ?? ADMINISTRATOR }])
        }
      }
    }
  }

  #isCanceled(space: string): boolean {
    const threads = this.#state.spaces[space]?.threads ?? []
    return threads.some((thread) => this.names.wasCanceled(linkName({ space, thread })))
  }

  /** What messages say is embedded, and found by its meaning. */
  async #expectFound(names: readonly string[]): Promise<void> {
    const ids = names.map((name) => this.names.of(name))
    const document = foundOf(ids)
    await eventually(async () => {
      const { data } = await this.#administrator.run(document)
      const found = readFound(data, ids.length, this.names.nameOf)
      requireEqual(found, expectedFound(this.#state, names, found))
    })
  }

  /** Threads that are in no space show what their messages say as well. */
  async #expectTexts(): Promise<void> {
    const live = Object.keys(this.#state.threads).filter((name) => liveThread(this.#state, name))
    const shown: Record<string, string> = {}
    for (const name of live) {
      for (const { id, content } of await messagesOf(this.#administrator, this.names.of(name))) {
        shown[this.names.nameOf(id)] = content
      }
    }
    const states = this.#states.filter((state) => isDeepStrictEqual(textsOf(state, live), shown))
    if (states.length === 0) requireEqual(shown, textsOf(this.#state, live))
    this.#states = states
  }

  /** Gone exactly with their projects; what the service refused was parked, and an administrator tries it again. */
  async #expectSandboxes(): Promise<void> {
    await eventually(async () => {
      for (const organizationId of this.organizationIds) await this.#retryParked(organizationId)
      for (const name of this.names.sandboxed) {
        expect(this.#deletionsOf(name), `sandbox of ${name}`).toHaveLength(this.#state.projects[name] ? 0 : 1)
      }
    })
  }

  async #retryParked(organizationId: string): Promise<void> {
    for (const effectId of await parkedEffectsOf(this.#administrator, organizationId)) {
      await this.#administrator.must(RETRY_EFFECT, { effectId })
      this.#acknowledge(ADMINISTRATOR, { code: null })
    }
  }

  #deletionsOf(project: string): string[] {
    const sandboxId = this.names.of(`sandbox of ${project}`)
    return this.sandboxes.deletions.filter((id) => id === sandboxId)
  }
}

class Unexplained extends Error {
  constructor(states: readonly ModelState[]) {
    super(`No order explains the last replies. Before them, one of:\n${states.map(keyOf).join('\n')}`)
  }
}

function distinct(states: readonly ModelState[]): ModelState[] {
  return [...new Map(states.map((state) => [keyOf(state), state])).values()]
}
