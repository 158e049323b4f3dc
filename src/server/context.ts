import type { Authenticator } from '../features/access/authenticator.js'
import type { Context } from '../features/access/context.js'
import { readCredentials } from '../features/access/credentials.js'
import type { Viewer } from '../features/access/viewer.js'
import { unauthenticated } from '../platform/errors.js'
import type { IdempotentCall } from '../platform/idempotency.js'
import { Loaders } from '../platform/loader.js'
import type { HeaderSource, RequestInfo } from '../platform/request.js'

/**
 * What resolvers get, and what the server itself needs to know of an operation. Apollo hands a copy of it on, made of
 * its own properties and its prototype.
 */
export class ServerContext implements Context {
  constructor(
    readonly signedIn: Viewer | null,
    readonly request: RequestInfo,
    readonly loaders = new Loaders(signedIn?.userId ?? ''),
  ) {}

  get viewer(): Viewer {
    if (this.signedIn === null) throw unauthenticated('No credential')
    return this.signedIn
  }

  /** For one mutation, which is done once for its idempotency key. */
  calling(call: IdempotentCall | null): ServerContext {
    return new ServerContext(this.signedIn && { ...this.signedIn, call }, this.request)
  }
}

/** Makes contexts: one an operation, and a fresh one for each event of a subscription. */
export class ContextFactory {
  constructor(private readonly authenticator: Authenticator) {}

  /** Who calls; null without any credential. A bad credential throws UNAUTHENTICATED. */
  async identify(header: HeaderSource, request: RequestInfo): Promise<Viewer | null> {
    const credentials = readCredentials(header)
    if (credentials.apiKey === null && credentials.bearer === null) return null
    return this.authenticator.authenticate(credentials, request)
  }

  create(viewer: Viewer | null, request: RequestInfo): ServerContext {
    return new ServerContext(viewer, request)
  }

  /** The same caller, and nothing loaded yet. */
  renew({ signedIn, request }: ServerContext): ServerContext {
    return new ServerContext(signedIn, request)
  }
}
