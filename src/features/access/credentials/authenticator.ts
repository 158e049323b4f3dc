import { timingSafeEqual } from 'node:crypto'
import type { Database } from '../../../platform/database/database.js'
import { forbidden, unauthenticated } from '../../../platform/errors.js'
import { byId, LoaderDefinition } from '../../../platform/graphql/loader.js'
import { isOpaqueId, sha256 } from '../../../platform/ids.js'
import type { RequestInfo } from '../../../platform/request.js'
import { selectApiKey, selectUsers, touchApiKey, type UserRecord, upsertSeenUser } from '../identity.sql.js'
import type { Viewer } from '../viewer.js'
import { expireBootstrapKeys, KEY_PREFIX, upsertBootstrapKey } from './api.key.sql.js'
import type { Credentials } from './credentials.js'
import { BOOTSTRAP_USER_ID, isReserved } from './reserved.users.js'
import type { TokenClaims, TokenVerifier } from './token.verifier.js'

type Identity = Omit<Viewer, 'request' | 'call'>

/** Turns credentials into a viewer. Users are created on their first request. */
export class Authenticator {
  readonly userById: LoaderDefinition<string, UserRecord>

  constructor(
    private readonly db: Database,
    private readonly tokens: TokenVerifier,
  ) {
    this.userById = new LoaderDefinition(async (ids) => byId(await db.query(selectUsers(ids))))
  }

  async authenticate({ apiKey, bearer, onBehalfOf }: Credentials, request: RequestInfo): Promise<Viewer> {
    const identities: Identity[] = []
    if (bearer !== null) {
      identities.push(this.tokens.accepts(bearer) ? await this.#byToken(bearer) : await this.#byKey(bearer))
    }
    if (apiKey !== null) identities.push(await this.#byKey(apiKey))
    const [first, second] = identities
    if (!first) throw unauthenticated('No credential')
    if (second && second.userId !== first.userId)
      throw unauthenticated('Two credentials that name different users')
    const identity = {
      ...first,
      apiKeyId: second?.apiKeyId ?? first.apiKeyId,
      scopes: second?.scopes ?? first.scopes,
    }
    const acting = onBehalfOf === null ? identity : await this.#actFor(onBehalfOf, identity)
    return { ...acting, request, call: null }
  }

  /** The rights of the user, limited to the scopes of the key. */
  async #actFor(userId: string, service: Identity): Promise<Identity> {
    if (!service.scopes.includes('act-on-behalf')) {
      throw forbidden('Scope act-on-behalf required', 'This credential may not act for other users.', {
        scope: 'act-on-behalf',
      })
    }
    if (!isOpaqueId(userId) || isReserved(userId)) throw unauthenticated('Invalid X-On-Behalf-Of')
    await this.#see({ subject: userId, email: null, name: null })
    return { ...service, userId, serviceUserId: service.userId }
  }

  /** Creates the first user and its configured key, which replaces the one configured before. */
  async bootstrap(key: string): Promise<void> {
    await this.db.query(upsertSeenUser(BOOTSTRAP_USER_ID, null, null))
    await this.db.query(upsertBootstrapKey(BOOTSTRAP_USER_ID, sha256(key), key.slice(0, KEY_PREFIX)))
    await this.db.query(expireBootstrapKeys(sha256(key)))
  }

  async #byKey(key: string): Promise<Identity> {
    const hash = sha256(key)
    const [record] = await this.db.query(selectApiKey(hash))
    if (!record || !timingSafeEqual(Buffer.from(record.hash, 'hex'), Buffer.from(hash, 'hex'))) {
      throw unauthenticated('Invalid API key')
    }
    if (record.revokedAt) throw unauthenticated('API key revoked')
    if (record.expiresAt && record.expiresAt.getTime() <= Date.now()) throw unauthenticated('API key expired')
    if (record.usedLongAgo) await this.db.query(touchApiKey(record.id))
    const { id: apiKeyId, userId, scopes, expiresAt } = record
    return { userId, apiKeyId, serviceUserId: null, sessionId: null, expiresAt, scopes }
  }

  async #byToken(token: string): Promise<Identity> {
    const claims = await this.tokens.verify(token)
    if (!isOpaqueId(claims.subject)) throw unauthenticated('Token with an invalid sub')
    if (isReserved(claims.subject)) throw unauthenticated('Token with a reserved sub')
    await this.#see(claims)
    const { subject: userId, sessionId, expiresAt } = claims
    return { userId, apiKeyId: null, serviceUserId: null, sessionId, expiresAt, scopes: [] }
  }

  async #see({ subject, email, name }: Pick<TokenClaims, 'subject' | 'email' | 'name'>): Promise<void> {
    const [user] = await this.db.query(selectUsers([subject]))
    const isKnown =
      user?.seenAt && (email === null || email === user.email) && (name === null || name === user.name)
    if (!isKnown) await this.db.query(upsertSeenUser(subject, email, name))
  }
}
