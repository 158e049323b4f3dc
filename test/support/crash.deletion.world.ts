import type { Pool } from 'pg'
import { expect } from 'vitest'
import type { CrashClient } from './crash.client.js'
import { CrashDeletion, type DoomedThread, type Way } from './crash.deletion.js'
import { type Random, shuffled } from './crash.random.js'
import { eventually } from './eventually.js'
import type { FakeSandboxEndpoint } from './sandbox.endpoint.js'
import type { Seed, Seeded } from './seed.js'

const LONG = 10_040

interface SandboxedProject {
  id: string
  sandboxId: string
  /** null: a thread that nobody deletes */
  deletions: (CrashDeletion | null)[]
}

/** A hundred deletions to come, of all kinds, and the projects, sandboxes and spaces that they may touch. */
export class CrashDeletionWorld {
  readonly deletions: CrashDeletion[] = []
  readonly #projects: SandboxedProject[] = []
  readonly #spaces: { space: Seeded; deletion: CrashDeletion }[] = []
  #waiting: CrashDeletion[] = []

  private constructor(
    private readonly seed: Seed,
    private readonly owner: CrashClient,
    private readonly organization: Seeded,
  ) {}

  static async make(seed: Seed, owner: CrashClient, random: Random): Promise<CrashDeletionWorld> {
    const world = new CrashDeletionWorld(seed, owner, await seed.organization(owner))
    for (let count = 0; count < 28; count++) await world.#plan(['PERMANENT'])
    for (let count = 0; count < 14; count++) await world.#plan(['SOFT'])
    for (let count = 0; count < 8; count++) await world.#plan(['PERMANENT', 'PERMANENT'])
    for (let count = 0; count < 5; count++) await world.#plan(['PERMANENT', 'SOFT'])
    for (let count = 0; count < 6; count++) await world.#plan(['PERMANENT', null])
    for (let count = 0; count < 7; count++)
      await world.#plan(['PERMANENT'], { isInSpace: true, messages: 40 })
    for (let count = 0; count < 7; count++) await world.#plan(['SOFT'], { isInSpace: true, messages: 40 })
    for (let count = 0; count < 3; count++) await world.#plan(['PERMANENT'], { messages: LONG })
    await world.#plan(['PERMANENT'], { isInSpace: true, messages: LONG })
    for (let count = 0; count < 8; count++) await world.#planAll()
    world.#waiting = shuffled(world.deletions, random)
    return world
  }

  get requested(): number {
    return this.deletions.length - this.#waiting.length
  }

  /** Asks for one after the other until there is none left or the server is gone. */
  async deleteUntilKilled(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const deletion = next
      try {
        await deletion.prepare()
      } catch (error) {
        this.#waiting.push(deletion)
        return requireKilled(error)
      }
      try {
        await deletion.request()
      } catch (error) {
        return requireKilled(error)
      }
    }
  }

  /** Asks for the next one that takes long, and waits until it is at work. */
  async deleteLong(): Promise<void> {
    const [deletion] = this.#waiting.splice(
      this.#waiting.findIndex(({ isLong, way }) => isLong && way === 'PERMANENT'),
      1,
    )
    await deletion?.prepare()
    await deletion?.request()
    await eventually(() => expect(deletion?.watcher?.states.length).toBeGreaterThan(0))
  }

  /** Waits until every purge, every backfill and every deletion of a sandbox has ended. */
  async settle(endpoint: FakeSandboxEndpoint): Promise<void> {
    for (const deletion of this.deletions) await deletion.settle()
    for (const { space, deletion } of this.#spaces) {
      const [thread] = deletion.threads.filter(({ space: other }) => other?.id === space.id)
      const expected = deletion.isDone ? 0 : thread?.messages
      await eventually(async () => {
        const { space: now } = await this.owner.must('Space', { id: space.id })
        expect(now.vectorCount).toBe(expected)
      })
    }
    await eventually(() => this.#expectSandboxes(endpoint))
  }

  async expectWhole(pool: Pool, endpoint: FakeSandboxEndpoint): Promise<void> {
    for (const deletion of this.deletions) {
      await deletion.expectWhole(pool)
      deletion.expectWatched()
    }
    const { rows: projects } = await pool.query('select id, sandbox_status::text as status from project')
    expect(new Map(projects.map(({ id, status }) => [id, status]))).toEqual(
      new Map(this.#projects.filter((project) => !isPurged(project)).map(({ id }) => [id, 'ACTIVE'])),
    )
    this.#expectSandboxes(endpoint)
    expect((await pool.query('select * from outbox')).rows).toEqual([])
  }

  /** That of each purged project, at least once, and no other. */
  #expectSandboxes({ deletions }: FakeSandboxEndpoint): void {
    const gone = this.#projects.filter(isPurged).map(({ sandboxId }) => sandboxId)
    expect(new Set(deletions)).toEqual(new Set(gone))
  }

  /** A project with a sandbox and a thread for each way. */
  async #plan(ways: (Way | null)[], options: { isInSpace?: boolean; messages?: number } = {}): Promise<void> {
    const project = await this.#project(this.organization)
    for (const way of ways) {
      const thread = await this.#thread(this.organization, project, options)
      const { id: organizationId } = this.organization
      const deletion = way && new CrashDeletion(way, this.owner, organizationId, [thread])
      project.deletions.push(deletion)
      if (deletion) this.#add(deletion)
    }
  }

  /** An organization with a project and a few threads, of which one goes into a space. */
  async #planAll(): Promise<void> {
    const organization = await this.seed.organization(this.owner)
    const project = await this.#project(organization)
    const threads = [await this.#thread(organization, project, { isInSpace: true })]
    for (let count = 0; count < 3; count++) threads.push(await this.#thread(organization, project, {}))
    const deletion = new CrashDeletion('ALL', this.owner, organization.id, threads)
    project.deletions.push(deletion)
    this.#add(deletion)
  }

  #add(deletion: CrashDeletion): void {
    this.deletions.push(deletion)
    for (const { space } of deletion.threads) if (space) this.#spaces.push({ space, deletion })
  }

  async #project(organization: Seeded): Promise<SandboxedProject> {
    const sandboxId = `sandbox-${this.#projects.length}`
    const { id } = await this.seed.project(organization, sandboxId)
    const project: SandboxedProject = { id, sandboxId, deletions: [] }
    this.#projects.push(project)
    return project
  }

  async #thread(
    organization: Seeded,
    { id }: SandboxedProject,
    { isInSpace = false, messages = 3 }: { isInSpace?: boolean; messages?: number },
  ): Promise<DoomedThread> {
    const project = { id, owner: this.owner }
    const thread = await this.seed.thread({ organization, project, messages })
    return { id: thread.id, messages, space: isInSpace ? await this.seed.space(organization) : null }
  }
}

/** When every thread of it is gone for good. */
function isPurged({ deletions }: SandboxedProject): boolean {
  return deletions.every((deletion) => deletion?.isDone && deletion.way !== 'SOFT')
}

/** What fetch throws when a connection breaks; a refusal is another error. */
function requireKilled(error: unknown): void {
  if (!(error instanceof TypeError)) throw error
}
