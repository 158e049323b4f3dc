import { z } from 'zod'
import { isOpaqueId } from '../../platform/ids.js'
import { OutboundClient } from '../../platform/outbound/outbound.client.js'
import { OutboundError, type OutboundService } from '../../platform/outbound/outbound.error.js'
import {
  type Effect,
  type EffectHandler,
  PermanentFailure,
  RetryableFailure,
} from '../../platform/outbox/outbox.effect.js'
import { markSandboxDeleted } from './project.sql.js'

const DEFAULT_TIMEOUT_MS = 10_000
const GONE = 404
// Of a sandbox that the key may not see it is not told either that it is there.
const NOT_SHOWN = [403, GONE]
// Of the statuses that blame the request, those that may pass.
const PASSING = [408, 409, 425, 429]
const SANDBOX_BYTES = 256 * 1024

/** The label of a sandbox with the id of its organization in Heddle; set by whatever creates sandboxes. */
export const ORGANIZATION_LABEL = 'heddle-organization'

const sandboxReply = z.object({ labels: z.record(z.string(), z.unknown()).nullish() })

const SERVICE: OutboundService = {
  name: 'The sandbox service',
  reasonBytes: 4_096,
  // A proxy's page of HTML tells nobody anything.
  findReason: (body) => (body.trimStart().startsWith('<') ? '' : body),
}

/** The outside service that holds the sandboxes of projects. Source of the calls: Daytona's API. */
export class SandboxClient {
  readonly #service: OutboundClient

  constructor(url: string, apiKey: string, timeoutMs: number = DEFAULT_TIMEOUT_MS) {
    this.#service = new OutboundClient(SERVICE, { url, apiKey, timeoutMs })
  }

  /** Deletes a sandbox; one that is gone already counts as deleted. Throws a failure of the outbox. */
  async delete(sandboxId: string, signal: AbortSignal): Promise<void> {
    const path = pathOf(sandboxId)
    if (path === null) throw new PermanentFailure('The sandbox has an id that no address can name.')
    await this.#service.call({ method: 'DELETE', path }, signal).catch((error: unknown) => {
      if (!isReply(error, [GONE])) throw failureOf(error)
    })
  }

  /**
   * Asks of which organization a sandbox is. Throws when the service does not say.
   * @returns null when it is of none, is not there, or is not shown to the key
   */
  async findOrganization(sandboxId: string): Promise<string | null> {
    const path = pathOf(sandboxId)
    if (path === null) return null
    try {
      const reply = await this.#service.call({ method: 'GET', path, maximumBytes: SANDBOX_BYTES })
      const organizationId = sandboxReply.parse(JSON.parse(reply)).labels?.[ORGANIZATION_LABEL]
      return typeof organizationId === 'string' ? organizationId : null
    } catch (error) {
      if (isReply(error, NOT_SHOWN)) return null
      throw error
    }
  }
}

/** @returns null for an id that would shorten the path, so that the call would reach a parent resource */
function pathOf(sandboxId: string): string | null {
  return ['', '.', '..'].includes(sandboxId) ? null : `/sandbox/${encodeURIComponent(sandboxId)}`
}

function isReply(error: unknown, statuses: readonly number[]): boolean {
  return error instanceof OutboundError && error.status !== null && statuses.includes(error.status)
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof OutboundError)) return error
  const { status, message, retryAfterMs } = error
  const isFinal = status !== null && status < 500 && !PASSING.includes(status)
  return isFinal ? new PermanentFailure(message) : new RetryableFailure(message, retryAfterMs)
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
