import { setTimeout as after } from 'node:timers/promises'
import { CANCEL_REEMBEDDING, REEMBED_SPACE } from '../support/documents.js'
import { type Expected, expectAllThere } from './chaos.checks.js'
import { type ChaosCluster, MODELS } from './chaos.cluster.js'
import * as documents from './chaos.documents.js'
import { ChaosJournal } from './chaos.journal.js'
import { chosen, randomFor } from './chaos.options.js'
import { ChaosSender } from './chaos.sender.js'
import { ChaosUser } from './chaos.user.js'
import { ChaosWatchers } from './chaos.watchers.js'

const USERS = 5
const SPACES = 2
const MOST_QUIET_MS = 2_500

/** An administrator and several members of one organization, and the spaces that they share. */
export class ChaosWorld {
  readonly journal = new ChaosJournal()
  readonly watchers: ChaosWatchers
  readonly users: ChaosUser[] = []
  readonly #spaceIds: string[] = []
  #commonThreadId = ''

  private constructor(
    private readonly cluster: ChaosCluster,
    private readonly administrator: ChaosSender,
    journal: ChaosJournal,
    private readonly seed: number,
  ) {
    this.journal = journal
    this.watchers = new ChaosWatchers(randomFor(seed, 1))
  }

  static async make(cluster: ChaosCluster, seed: number): Promise<ChaosWorld> {
    const journal = new ChaosJournal()
    const signIn = (userId: string, part: number) =>
      ChaosSender.signIn(userId, cluster.urls, journal, randomFor(seed, part))
    const world = new ChaosWorld(cluster, await signIn('user_administrator', 2), journal, seed)
    const members = Array.from({ length: USERS }, (_, index) => `user_${index}`)
    const organizationId = await world.#prepare(members)
    const place = { organizationId, spaceIds: world.#spaceIds, commonThreadId: world.#commonThreadId }
    for (const [index, userId] of members.entries()) {
      const sender = await signIn(userId, 10 + index)
      world.users.push(new ChaosUser(sender, place, world.watchers, randomFor(seed, 100 + index)))
    }
    return world
  }

  /** Everybody does what they do until it is over, and then what they have begun comes to its end. */
  async run(isOver: () => boolean): Promise<void> {
    await Promise.all([...this.users.map((user) => user.run(isOver)), this.#reembed(isOver)])
  }

  /** Nothing is disturbed now: all of it is there, and everybody who waited has learned the end. */
  async expectRest(): Promise<void> {
    await this.cluster.settle()
    for (const user of this.users) await user.finish()
    const { journal, users, administrator } = this
    const expected: Expected = {
      pool: this.cluster.database.pool,
      administrator,
      users,
      journal,
      spaceIds: this.#spaceIds,
      commonThreadId: this.#commonThreadId,
      random: randomFor(this.seed, 3),
    }
    await expectAllThere(expected)
    await this.watchers.expectEnds()
  }

  async #prepare(members: readonly string[]): Promise<string> {
    const { administrator } = this
    const { organization } = await administrator.insist('CreateOrganization', { name: 'Acme' })
    for (const userId of members) {
      const variables = { organizationId: organization.id, userId, role: 'MEMBER' }
      await administrator.insist('AddOrganizationMember', variables)
    }
    const { thread } = await administrator.insist(documents.CREATE, { organizationId: organization.id })
    this.#commonThreadId = thread.id
    for (let count = 0; count < SPACES; count++) {
      const input = { organizationId: organization.id, name: `Space ${count}`, accessMode: 'ORGANIZATION' }
      const { space } = await administrator.insist('CreateSpace', { input })
      this.#spaceIds.push(space.id)
      for (const userId of members) {
        await administrator.insist('GrantSpaceAccess', { spaceId: space.id, userId, role: 'EDITOR' })
      }
      await administrator.insist(documents.ADD, { spaceId: space.id, threadId: thread.id })
    }
    return organization.id
  }

  /** Another model now and then, and now and then not after all. */
  async #reembed(isOver: () => boolean): Promise<void> {
    const random = randomFor(this.seed, 4)
    while (!isOver()) {
      await after(random(MOST_QUIET_MS))
      const variables = { spaceId: chosen(this.#spaceIds, random), model: chosen(MODELS, random) }
      const { payload } = await this.administrator.send(REEMBED_SPACE, variables)
      if (!payload || random(4) > 0) continue
      const { id: reembeddingId } = payload.reembedding
      await this.administrator.send(CANCEL_REEMBEDDING, { reembeddingId })
    }
  }
}
