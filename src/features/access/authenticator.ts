import { timingSafeEqual } from 'node:crypto'
import type { Database } from '../../platform/database.js'
import { unauthenticated } from '../../platform/errors.js'
import { isOpaqueId, sha256 } from '../../platform/ids.js'
import { byId, LoaderDefinition } from '../../platform/loader.js'
import type { RequestInfo } from '../../platform/request.js'
import type { Credentials } from './credentials.js'
import {
  type ApiKeyRecord,
  selectApiKey,
  selectUsers,
  touchApiKey,
  type UserRecord,
  upsertApiKey,
  upsertSeenUser,
} from './identity.sql.js'
import type { TokenClaims, TokenVerifier } from './token.verifier.js'
import type { Viewer } from './viewer.js'

// Fixed, so that every node and every start names the same first user.
const BOOTSTRAP_USER_ID = 'user_bootstrap'
const BOOTSTRAP_KEY_ID = 'key_bootstrap'

type Identity = Omit<Viewer, 'request' | 'call'>

/** Turns credentials into a viewer. A user is made at its first sight. */
export class Authenticator {
  readonly userById: LoaderDefinition<string, UserRecord>

  constructor(
    private readonly db: Database,
    private readonly tokens: TokenVerifier,
  ) {
    this.userById = new LoaderDefinition(async (ids) => byId(await db.query<UserRecord>(selectUsers(ids))))
  }

  async authenticate({ apiKey, bearer }: Credentials, request: RequestInfo): Promise<Viewer> {
    const identities: Identity[] = []
    if (bearer !== null) {
      identities.push(this.tokens.accepts(bearer) ? await this.#byToken(bearer) : await this.#byKey(bearer))
    }
    if (apiKey !== null) identities.push(await this.#byKey(apiKey))
    const [first, second] = identities
    if (!first) throw unauthenticated('No credential')
    if (second && second.userId !== first.userId)
      throw unauthenticated('Two credentials that name different users')
    return {
      ...first,
      apiKeyId: second?.apiKeyId ?? first.apiKeyId,
      scopes: second?.scopes ?? first.scopes,
      request,
      call: null,
    }
  }

  /** Makes the first user and gives it this key, in place of an earlier one. */
  async bootstrap(key: string): Promise<void> {
    await this.db.query(upsertSeenUser(BOOTSTRAP_USER_ID, null, null))
    await this.db.query(
      upsertApiKey({
        id: BOOTSTRAP_KEY_ID,
        userId: BOOTSTRAP_USER_ID,
        name: 'Bootstrap',
        hash: sha256(key),
        prefix: key.slice(0, 8),
      }),
    )
  }

  async #byKey(key: string): Promise<Identity> {
    const hash = sha256(key)
    const [record] = await this.db.query<ApiKeyRecord>(selectApiKey(hash))
    if (!record || !timingSafeEqual(Buffer.from(record.hash, 'hex'), Buffer.from(hash, 'hex'))) {
      throw unauthenticated('Invalid API key')
    }
    if (record.revokedAt) throw unauthenticated('API key revoked')
    if (record.expiresAt && record.expiresAt.getTime() <= Date.now()) throw unauthenticated('API key expired')
    if (record.usedLongAgo) await this.db.query(touchApiKey(record.id))
    const { id: apiKeyId, userId, scopes, expiresAt } = record
    return { userId, apiKeyId, sessionId: null, expiresAt, scopes }
  }

  async #byToken(token: string): Promise<Identity> {
    const claims = await this.tokens.verify(token)
    if (!isOpaqueId(claims.subject)) throw unauthenticated('Token with an invalid sub')
    await this.#see(claims)
    const { subject: userId, sessionId, expiresAt } = claims
    return { userId, apiKeyId: null, sessionId, expiresAt, scopes: [] }
  }

  async #see({ subject, email, name }: TokenClaims): Promise<void> {
    const [user] = await this.db.query<UserRecord>(selectUsers([subject]))
    const isKnown =
      user?.seenAt && (email === null || email === user.email) && (name === null || name === user.name)
    if (!isKnown) await this.db.query(upsertSeenUser(subject, email, name))
  }
}
