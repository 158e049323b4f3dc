import { randomBytes } from 'node:crypto'
import type { Database, Transaction } from '../../../platform/database/database.js'
import { forbidden, HeddleError, invalid, notFound } from '../../../platform/errors.js'
import type { Bus } from '../../../platform/events/bus.js'
import type { Page } from '../../../platform/graphql/page.js'
import { mintId, requireId, sha256 } from '../../../platform/ids.js'
import { requireText } from '../../../platform/validate.js'
import { recordAudit } from '../../audit/audit.trail.js'
import { announceAccess } from '../access.events.js'
import { lockUser } from '../identity.sql.js'
import { mutate, requireNothing } from '../mutation.js'
import { SCOPES, type Scope } from '../scope.table.js'
import { missingScope } from '../scopes.js'
import type { Viewer } from '../viewer.js'
import {
  type ApiKeyDetails,
  countLiveApiKeys,
  KEY_PREFIX,
  keyDetails,
  listApiKeys,
  revokeKey,
} from './api.key.sql.js'
import { BOOTSTRAP_USER_ID } from './reserved.users.js'

const MAX_NAME = 255
const MAX_KEYS = 100

export interface NewApiKeyValues {
  name: string
  scopes: readonly string[]
  expiresAt?: Date | null
}

export interface CreatedApiKey {
  apiKey: ApiKeyDetails
  secret: string | null
}

/** A user's own API keys. A secret is shown once; only its hash is stored. */
export class ApiKeyService {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  list(viewer: Viewer, page: Page): Promise<ApiKeyDetails[]> {
    return this.db.query(listApiKeys(viewer.userId, page))
  }

  create(viewer: Viewer, values: NewApiKeyValues): Promise<CreatedApiKey> {
    const work = async (tx: Transaction): Promise<CreatedApiKey> => {
      const name = requireText('name', values.name, 1, MAX_NAME)
      const scopes = requireScopeList(values.scopes)
      const expiresAt = requireFuture(values.expiresAt ?? null)
      requireNoMore(viewer, scopes, expiresAt)
      // Serializes two concurrent calls that would both take the last free place.
      await tx.query(lockUser(viewer.userId))
      const [live] = await tx.query(countLiveApiKeys(viewer.userId))
      if ((live?.count ?? 0) >= MAX_KEYS) throw tooMany()
      const secret = `hdl_${randomBytes(32).toString('base64url')}`
      const { userId } = viewer
      const row = { id: mintId('key'), userId, name, prefix: secret.slice(0, KEY_PREFIX), scopes, expiresAt }
      const data = { ...row, hash: sha256(secret) }
      const apiKey = await tx.prisma.apiKey.create({ data, select: keyDetails })
      await recordAudit(tx, viewer, {
        action: 'api-key.created',
        targetType: 'api-key',
        targetId: row.id,
        organizationId: null,
        details: { scopes, expiresAt },
      })
      return { apiKey, secret }
    }
    // The reply stored for an idempotency key does not contain the secret.
    return mutate(this.db, viewer, {
      require: requireNothing,
      work,
      codec: { keep: ({ apiKey }) => apiKey, recall: (apiKey) => ({ apiKey, secret: null }) },
    })
  }

  /** The key is rejected from the next request on, on every node; its subscriptions end at their next check. */
  revoke(viewer: Viewer, apiKeyId: string): Promise<ApiKeyDetails> {
    requireId('apiKeyId', apiKeyId)
    return mutate(this.db, viewer, {
      require: requireNothing,
      work: async (tx) => {
        const [apiKey] = await tx.query(revokeKey(apiKeyId, viewer.userId))
        if (!apiKey) throw notFound('API key', { apiKeyId })
        announceAccess(tx, this.bus, { apiKeyId })
        await recordAudit(tx, viewer, {
          action: 'api-key.revoked',
          targetType: 'api-key',
          targetId: apiKeyId,
          organizationId: null,
        })
        return apiKey
      },
    })
  }
}

function requireScopeList(given: readonly string[]): Scope[] {
  const scopes = SCOPES.filter((scope) => given.includes(scope))
  const unknown = given.find((scope) => !SCOPES.some((known) => known === scope))
  if (unknown !== undefined || scopes.length === 0) {
    throw invalid(`Invalid scopes. Pass at least one of ${SCOPES.join(', ')}.`, {
      scopes: given.slice(0, SCOPES.length).map((scope) => scope.slice(0, 64)),
    })
  }
  return scopes
}

function requireFuture(expiresAt: Date | null): Date | null {
  if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
    throw invalid('Invalid expiresAt. It must be in the future.', { expiresAt: expiresAt.toISOString() })
  }
  return expiresAt
}

/** A key cannot create one with more rights or a later expiry. Only the operator's user may act for others. */
function requireNoMore(viewer: Viewer, scopes: readonly Scope[], expiresAt: Date | null): void {
  if (viewer.serviceUserId !== null) {
    throw forbidden('Own credential required', 'API keys cannot be created on behalf of another user.', {})
  }
  const isActing = scopes.includes('act-on-behalf')
  if (isActing && viewer.userId !== BOOTSTRAP_USER_ID) {
    throw forbidden('First user required', 'Only the first user can create keys that act for others.', {
      scopes,
    })
  }
  const missing =
    viewer.scopes.length === 0 ? undefined : scopes.find((scope) => !viewer.scopes.includes(scope))
  if (missing !== undefined) throw missingScope(missing)
  const isLonger = expiresAt === null || (viewer.expiresAt !== null && expiresAt > viewer.expiresAt)
  if (viewer.apiKeyId !== null && viewer.expiresAt !== null && isLonger) {
    throw forbidden(
      'Shorter expiry required',
      'An API key cannot create one that expires later than itself.',
      {
        expiresAt: viewer.expiresAt.toISOString(),
      },
    )
  }
}

function tooMany(): HeddleError {
  return new HeddleError('QUOTA_EXCEEDED', `You have ${MAX_KEYS} API keys. Revoke one first.`, {
    systemMessage: 'API key limit reached',
    details: { limit: MAX_KEYS },
  })
}
