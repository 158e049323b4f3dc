import { z } from 'zod'
import { retryAfterMs } from '../../platform/backoff.js'
import { isOpaqueId } from '../../platform/ids.js'
import {
  type Effect,
  type EffectHandler,
  PermanentFailure,
  RetryableFailure,
} from '../../platform/outbox.effect.js'
import { markSandboxDeleted } from './project.sql.js'

const DEFAULT_TIMEOUT_MS = 10_000
const GONE = 404
// Of a sandbox that the key may not see it is not told either that it is there.
const NOT_SHOWN = [403, GONE]
const KEY_REFUSED = [401, 403]
// Of the statuses that blame the request, those that may pass.
const PASSING = [408, 409, 425, 429]
const REASON_BYTES = 4_096
const SANDBOX_BYTES = 256 * 1024
const REASON_CHARACTERS = 200

/** The label of a sandbox that says which organization of Heddle it is of: set by whoever makes sandboxes. */
export const ORGANIZATION_LABEL = 'heddle-organization'

const sandboxReply = z.object({ labels: z.record(z.string(), z.unknown()).nullish() })

/**
 * The outside service that holds the sandboxes of projects. No error names its address or its key, because errors are
 * stored and shown. Source of the calls: Daytona's API.
 */
export class SandboxClient {
  constructor(
    private readonly url: string,
    private readonly apiKey: string,
    private readonly timeoutMs: number = DEFAULT_TIMEOUT_MS,
  ) {}

  /** Deletes a sandbox; one that is gone already counts as deleted. Throws a failure of the outbox. */
  async delete(sandboxId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const url = addressOf(this.url, sandboxId)
    if (!url) throw new PermanentFailure('The sandbox has an id that no address can name.')
    await this.#within(signal, async (limit) => {
      const response = await this.#send('DELETE', url, limit)
      if (response.ok || response.status === GONE) await response.body?.cancel()
      else throw await failureOf(response, this.apiKey)
    })
  }

  /**
   * Asks of which organization a sandbox is. Throws a failure of the outbox.
   * @returns null when it says of none, is not there, or is not shown to the key
   */
  async findOrganization(sandboxId: string): Promise<string | null> {
    const url = addressOf(this.url, sandboxId)
    if (!url) return null
    return this.#within(new AbortController().signal, async (limit) => {
      const response = await this.#send('GET', url, limit)
      if (response.ok) return organizationIn(await readStart(response, SANDBOX_BYTES))
      if (!NOT_SHOWN.includes(response.status)) throw await failureOf(response, this.apiKey)
      await response.body?.cancel()
      return null
    })
  }

  async #within<Result>(signal: AbortSignal, work: (limit: AbortSignal) => Promise<Result>): Promise<Result> {
    // One controller a call instead of AbortSignal.any, which on Node 20 leaks with a long-lived signal.
    const controller = new AbortController()
    const abort = () => controller.abort(signal.reason)
    const timeout = setTimeout(() => {
      controller.abort(new RetryableFailure('The sandbox service did not answer in time.'))
    }, this.timeoutMs)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await work(controller.signal)
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error
    } finally {
      clearTimeout(timeout)
      signal.removeEventListener('abort', abort)
    }
  }

  #send(method: 'GET' | 'DELETE', url: URL, signal: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${this.apiKey}` }
    // A redirect could carry the call, and the key, to where nobody configured.
    return fetch(url, { method, headers, signal, redirect: 'manual' }).catch((error: unknown) => {
      throw unreachable(error)
    })
  }
}

function organizationIn(body: string): string | null {
  const { data } = sandboxReply.safeParse(parseOrNull(body))
  if (!data) throw new PermanentFailure('The sandbox service answered with something else than a sandbox.')
  const organizationId = data.labels?.[ORGANIZATION_LABEL]
  return typeof organizationId === 'string' ? organizationId : null
}

function parseOrNull(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

/** @returns null for an id that no address can name */
function addressOf(base: string, sandboxId: string): URL | null {
  const url = new URL(base)
  const path = `/sandbox/${encodeURIComponent(sandboxId)}`
  url.pathname = url.pathname.replace(/\/+$/, '') + path
  // fetch refuses an address with credentials, in a message that shows them.
  url.username = ''
  url.password = ''
  // No encoding keeps ".." from shortening a path, and an empty name leaves out its end: the call would reach what stands
  // above the sandbox.
  return sandboxId === '' || !url.pathname.endsWith(path) ? null : url
}

async function failureOf(response: Response, apiKey: string): Promise<RetryableFailure | PermanentFailure> {
  const { status } = response
  const reason = await reasonOf(response, apiKey)
  if (KEY_REFUSED.includes(status)) {
    // What a service says of a bad key often holds a part of it.
    return new PermanentFailure(`The sandbox service refused the key (${status}).`)
  }
  const message = `The sandbox service answered with ${status}${reason}`
  if (status < 500 && !PASSING.includes(status)) return new PermanentFailure(message)
  return new RetryableFailure(message, retryAfterMs(response.headers.get('retry-after'), Date.now()))
}

/** Of the cause only the code is told: messages there hold addresses. */
function unreachable(error: unknown): RetryableFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
  return new RetryableFailure(`The sandbox service cannot be reached${code}.`)
}

/** What the service says of its failure: short, on one line, without the key. */
async function reasonOf(response: Response, apiKey: string): Promise<string> {
  const said = await readStart(response, REASON_BYTES).catch(() => '')
  const line = said
    .replaceAll(apiKey, '…')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
  // A proxy's page of HTML tells nobody anything.
  return line === '' || line.startsWith('<') ? '.' : `: ${line.slice(0, REASON_CHARACTERS)}`
}

/** The body when it is short: cut anywhere, it could end within the key, which nobody would recognise any more. */
async function readStart(response: Response, limit: number): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > limit) return ''
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

export const SANDBOX_DELETION = 'sandbox.delete'

const deletionPayload = z.object({ sandboxId: z.string().refine(isOpaqueId), projectId: z.string() })

/** What an effect of the kind `sandbox.delete` says. */
export type SandboxDeletion = z.infer<typeof deletionPayload>

/** Deletes the sandbox of a project; the project, where it is still there, then shows it as deleted. */
export function sandboxDeletion(client: SandboxClient): EffectHandler {
  return {
    async run(effect, signal) {
      await client.delete(readDeletion(effect).sandboxId, signal)
    },
    async settled(tx, effect) {
      const { sandboxId, projectId } = readDeletion(effect)
      await tx.query(markSandboxDeleted(projectId, sandboxId))
    },
  }
}

function readDeletion({ payload }: Effect): SandboxDeletion {
  const { data } = deletionPayload.safeParse(payload)
  if (!data) throw new PermanentFailure('The effect does not say which sandbox to delete.')
  return data
}
