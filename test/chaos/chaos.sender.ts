import { randomUUID } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import type { Json } from '../support/client.js'
import type { Random } from '../support/crash.random.js'
import { documentOf } from '../support/operations.js'
import { signToken } from '../support/tokens.js'
import type { ChaosJournal } from './chaos.journal.js'
import { chosen } from './chaos.options.js'

// Longer than a node is frozen now and then: its caller goes to another one while it still may do what it was asked.
const ANSWER_MS = 2_500
const MOST_AGAIN_MS = 150
/** Only what hangs takes as long. */
const PATIENCE_MS = 120_000

/** What a caller may send again. */
const TRANSIENT = new Set(['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE', 'RATE_LIMITED'])

export interface Refusal {
  code: string
  cause: string
}

export type Outcome = { payload: Json; refusal: null } | { payload: null; refusal: Refusal }

/** One user, who calls any of the nodes, and again with the same key until one has answered. */
export class ChaosSender {
  private constructor(
    readonly userId: string,
    readonly headers: Record<string, string>,
    readonly urls: readonly string[],
    readonly journal: ChaosJournal,
    private readonly random: Random,
  ) {}

  static async signIn(
    userId: string,
    urls: readonly string[],
    journal: ChaosJournal,
    random: Random,
  ): Promise<ChaosSender> {
    const authorization = `Bearer ${await signToken({ sub: userId })}`
    return new ChaosSender(userId, { authorization }, urls, journal, random)
  }

  /** A mutation or a query with one field. */
  async send(nameOrDocument: string, variables: Record<string, unknown>): Promise<Outcome> {
    const query = documentOf(nameOrDocument)
    const isMutation = query.startsWith('mutation')
    const id = randomUUID()
    const deadline = Date.now() + PATIENCE_MS
    const { acknowledged, refused, unsure } = this.journal
    for (let isFirst = true; ; isFirst = false) {
      const reply = await this.#try(id, isMutation, JSON.stringify({ query, variables }))
      const code: string | undefined = reply?.errors?.[0]?.extensions.code
      if (reply && code === undefined) {
        if (isMutation) acknowledged.add(id)
        return { payload: Object.values<Json>(reply.data)[0], refusal: null }
      }
      if (code !== undefined && !TRANSIENT.has(code)) {
        const outcomes = isFirst ? refused : unsure
        if (isMutation) outcomes.add(id)
        return { payload: null, refusal: { code, cause: reply.errors[0].extensions.systemMessage } }
      }
      if (Date.now() > deadline) throw new Error(`Nobody answers ${query} (${id})`)
      this.journal.retry(code ?? 'no answer')
      await after(this.random(MOST_AGAIN_MS))
    }
  }

  /** What must be done: a refusal is a fault. @returns its payload, null after a refusal */
  async insist(nameOrDocument: string, variables: Record<string, unknown>): Promise<Json | null> {
    const { payload, refusal } = await this.send(nameOrDocument, variables)
    if (refusal) {
      const said = `${refusal.code} ${refusal.cause}`
      this.journal.faults.push(`${this.userId}: ${nameOrDocument} ${JSON.stringify(variables)}: ${said}`)
    }
    return payload
  }

  /** @returns null when there is no answer */
  async #try(id: string, isMutation: boolean, body: string): Promise<Json | null> {
    const keyed: Record<string, string> = isMutation ? { 'idempotency-key': id } : {}
    const request = fetch(chosen(this.urls, this.random), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id, ...keyed, ...this.headers },
      body,
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    return request.then((response) => response.json()).catch(() => null)
  }
}
