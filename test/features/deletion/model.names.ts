import type { Json } from '../../support/client.js'
import { type Ids, linkName, memoryName } from './model.calls.js'
import type { Command, Names } from './model.commands.js'

/** The names of what a world has made, and the ids that stand for them. */
export class WorldNames implements Names, Ids {
  readonly threads: string[] = []
  readonly projects: { name: string; organization: number }[] = []
  readonly spaces: string[] = []
  readonly batches: { name: string; user: number }[] = []
  readonly links: { space: string; thread: string }[] = []
  readonly tokens: { name: string; user: number; organization: number | null }[] = []
  readonly messages: { message: string; thread: string }[] = []
  readonly reembedded: string[] = []
  /** projects with a sandbox */
  readonly sandboxed: string[] = []
  readonly #given = new Map<string, string>()
  readonly #canceled = new Set<string>()
  #count = 0

  constructor(
    private readonly world: string,
    private readonly organizationIds: readonly string[],
  ) {}

  fresh(kind: string): string {
    return `${kind}${++this.#count}`
  }

  of(name: string): string {
    return this.#given.get(name) ?? `${this.world}.${name.replaceAll(' ', '-')}`
  }

  nameOf = (id: string): string => id.slice(this.world.length + 1)

  organization(number: number | null): string | undefined {
    return number === null ? undefined : this.organizationIds[number]
  }

  wasCanceled(link: string): boolean {
    return this.#canceled.has(link)
  }

  /** `payload`: of a reply; null when it failed */
  keep(command: Command, payload: Json): void {
    if (payload === null) return
    switch (command.kind) {
      case 'create':
        this.threads.push(command.thread)
        break
      case 'createProject': {
        const { project: name, organization } = command
        this.projects.push({ name, organization })
        if (command.hasSandbox) this.sandboxed.push(name)
        this.#given.set(name, payload.project.id)
        break
      }
      case 'createSpace':
        this.spaces.push(command.space)
        break
      case 'append':
        this.messages.push(...command.messages.map((message) => ({ message, thread: command.thread })))
        break
      case 'reembed':
        this.reembedded.push(command.space)
        this.#given.set(memoryName(command), payload.reembedding.id)
        break
      case 'deleteAll':
        if (payload.batchId === null) break
        this.batches.push({ name: command.batch, user: command.user })
        this.#given.set(command.batch, payload.batchId)
        break
      case 'preview': {
        const { token: name, user, organization } = command
        this.tokens.push({ name, user, organization })
        this.#given.set(name, payload.confirmationToken)
        break
      }
      case 'add':
        this.links.push({ space: command.space, thread: command.thread })
        this.#given.set(linkName(command), payload.backfill.id)
        break
      case 'cancel':
        this.#canceled.add(linkName(command))
        break
      default:
        break
    }
  }
}
