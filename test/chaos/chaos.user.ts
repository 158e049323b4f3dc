import type { Json } from '../support/client.js'
import type { Random } from '../support/crash.random.js'
import { ACTS } from './chaos.acts.js'
import * as documents from './chaos.documents.js'
import { chosen } from './chaos.options.js'
import type { ChaosSender } from './chaos.sender.js'
import { contentOf, type OwnThread, type Said } from './chaos.threads.js'
import type { ChaosWatchers } from './chaos.watchers.js'

interface Place {
  organizationId: string
  spaceIds: readonly string[]
  /** to which everybody appends, and nobody does anything else */
  commonThreadId: string
}

const MOST_LIVE = 8

/** A user who does one thing after the other to threads of its own, and so knows what must be there. */
export class ChaosUser {
  readonly threads: OwnThread[] = []
  readonly common: Said[] = []
  /** what it said and took back */
  readonly unsaid: string[] = []
  #words = 0

  constructor(
    private readonly sender: ChaosSender,
    private readonly place: Place,
    private readonly watchers: ChaosWatchers,
    private readonly random: Random,
  ) {}

  get userId(): string {
    return this.sender.userId
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#act()
  }

  /** What was canceled is taken up: adding a thread again does that. */
  async finish(): Promise<void> {
    for (const thread of this.#live) {
      for (const [spaceId, { isCanceled }] of thread.links) if (isCanceled) await this.#add(thread, spaceId)
    }
  }

  get #live(): OwnThread[] {
    return this.threads.filter(({ state }) => state === 'LIVE')
  }

  #act(): Promise<void> {
    const live = this.#live
    if (live.length === 0) return this.#create()
    const act = chosen(ACTS, this.random)
    const thread = chosen(live, this.random)
    const [spaceId, link] = [...thread.links][0] ?? []
    switch (act) {
      case 'create':
        return live.length < MOST_LIVE ? this.#create() : this.#delete(thread, 'PERMANENT')
      case 'append':
        return this.#append(thread)
      case 'appendToCommon':
        return this.#appendToCommon()
      case 'edit':
        return this.#edit(thread)
      case 'erase':
        return this.#erase(thread)
      case 'add':
        return this.#add(thread, chosen(this.place.spaceIds, this.random))
      case 'hide':
        return this.#delete(thread, 'SOFT')
      case 'purge':
        return this.#delete(thread, 'PERMANENT')
      case 'restore':
        return this.#restoreOne()
      case 'deleteAll':
        return this.#deleteAll()
      case 'purgeAll':
        return this.#purgeAll()
      default:
        if (spaceId === undefined || !link) return this.#append(thread)
        if (act === 'remove') return this.#remove(thread, spaceId)
        return act === 'cancel' ? this.#cancel(link) : this.#retry(link)
    }
  }

  async #create(): Promise<void> {
    const payload = await this.sender.insist(documents.CREATE, { organizationId: this.place.organizationId })
    if (payload) this.threads.push({ id: payload.thread.id, messages: [], links: new Map(), state: 'LIVE' })
  }

  async #append(thread: OwnThread): Promise<void> {
    thread.messages.push(...(await this.#say(thread.id, 1 + this.random(4))))
  }

  async #appendToCommon(): Promise<void> {
    this.common.push(...(await this.#say(this.place.commonThreadId, 1)))
  }

  async #say(threadId: string, count: number): Promise<Said[]> {
    const words = Array.from({ length: count }, () => this.#newWord())
    const messages = words.map((word) => ({ role: 'USER', content: contentOf(word) }))
    const payload = await this.sender.insist(documents.APPEND, { threadId, messages })
    return (payload?.messages ?? []).map(({ id }: Json, index: number) => ({ id, word: words[index] }))
  }

  async #edit({ messages }: OwnThread): Promise<void> {
    if (messages.length === 0) return
    const message = chosen(messages, this.random)
    const word = this.#newWord()
    const variables = { messageId: message.id, content: contentOf(word) }
    if (!(await this.sender.insist(documents.EDIT, variables))) return
    this.unsaid.push(message.word)
    message.word = word
  }

  async #erase(thread: OwnThread): Promise<void> {
    if (thread.messages.length === 0) return
    const { id, word } = chosen(thread.messages, this.random)
    if (!(await this.sender.insist(documents.ERASE, { messageId: id }))) return
    this.unsaid.push(word)
    thread.messages = thread.messages.filter((message) => message.id !== id)
  }

  async #add(thread: OwnThread, spaceId: string): Promise<void> {
    const payload = await this.sender.insist(documents.ADD, { spaceId, threadId: thread.id })
    if (!payload) return
    const backfillId = payload.backfill.id
    thread.links.set(spaceId, { backfillId, isCanceled: false })
    if (this.random(3) === 0) this.watchers.watchBackfill(this.sender, backfillId)
  }

  async #remove(thread: OwnThread, spaceId: string): Promise<void> {
    if (await this.sender.insist(documents.REMOVE, { spaceId, threadId: thread.id }))
      thread.links.delete(spaceId)
  }

  /** Whether there was anything left to cancel or to retry is not known; what is done to a link is. */
  async #cancel(link: { backfillId: string; isCanceled: boolean }): Promise<void> {
    // A late twin of a refused try may cancel it yet.
    link.isCanceled = true
    await this.sender.send(documents.CANCEL, { backfillId: link.backfillId })
  }

  async #retry(link: { backfillId: string; isCanceled: boolean }): Promise<void> {
    const { payload } = await this.sender.send(documents.RETRY, { backfillId: link.backfillId })
    if (payload) link.backfillId = payload.backfill.id
  }

  async #delete(thread: OwnThread, mode: 'SOFT' | 'PERMANENT'): Promise<void> {
    const receipt = await this.sender.insist(documents.DELETE, { threadId: thread.id, mode })
    if (!receipt) return
    if (receipt.deletedMessageCount !== thread.messages.length) this.#fault(thread.id, receipt)
    thread.state = mode === 'SOFT' ? 'HIDDEN' : 'GONE'
  }

  #restoreOne(): Promise<void> {
    const hidden = this.threads.filter(({ state }) => state !== 'LIVE' && state !== 'GONE')
    return hidden.length > 0 ? this.#restore(chosen(hidden, this.random)) : this.#create()
  }

  /** Alone, or with what was hidden beside it. */
  async #restore({ id, state }: OwnThread): Promise<void> {
    const batchId = typeof state === 'object' && this.random(2) === 0 ? state.batchId : null
    const restored = this.threads.filter((thread) =>
      batchId === null
        ? thread.id === id
        : typeof thread.state === 'object' && thread.state.batchId === batchId,
    )
    const payload = await (batchId === null
      ? this.sender.insist(documents.RESTORE, { threadId: id })
      : this.sender.insist(documents.RESTORE_ALL, { batchId }))
    if (!payload) return
    if (batchId !== null && payload.restored !== restored.length) this.#fault(batchId, payload)
    for (const thread of restored) thread.state = 'LIVE'
  }

  async #deleteAll(): Promise<void> {
    const { organizationId } = this.place
    const payload = await this.sender.insist(documents.DELETE_ALL, { organizationId, mode: 'SOFT' })
    if (payload) this.#hide(payload, { batchId: payload.batchId })
  }

  async #purgeAll(): Promise<void> {
    const { organizationId } = this.place
    const preview = await this.sender.insist(documents.PREVIEW_ALL, { organizationId })
    if (!preview) return
    const { confirmationToken } = preview
    const variables = { organizationId, mode: 'PERMANENT', confirmationToken }
    const payload = await this.sender.insist(documents.DELETE_ALL, variables)
    if (!payload) return
    this.#hide(payload, 'GONE')
    if (payload.batchId) this.watchers.watchDeletion(this.sender, payload.batchId)
  }

  #hide(payload: Json, state: OwnThread['state']): void {
    const live = this.#live
    if (payload.deleted !== live.length) this.#fault('deleteAllThreads', payload)
    for (const thread of live) thread.state = state
  }

  #newWord(): string {
    return `${this.userId.replace('_', '')}w${++this.#words}`
  }

  #fault(what: string, payload: Json): void {
    this.sender.journal.faults.push(`${this.userId}: ${what} was answered with ${JSON.stringify(payload)}`)
  }
}
