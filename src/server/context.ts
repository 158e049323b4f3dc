import type { Context } from '../features/access/context.js'
import type { Authenticator } from '../features/access/credentials/authenticator.js'
import { readCredentials } from '../features/access/credentials/credentials.js'
import type { Viewer } from '../features/access/viewer.js'
import { type HeddleError, unauthenticated } from '../platform/errors.js'
import { Loaders } from '../platform/graphql/loader.js'
import { TextBudget } from '../platform/graphql/text.budget.js'
import type { IdempotentCall } from '../platform/idempotency/idempotency.js'
import type { HeaderSource, RequestInfo } from '../platform/request.js'

/**
 * What resolvers get, and what the server needs to know about an operation. Apollo passes on a copy of it, created from
 * its own properties and its prototype.
 */
export class ServerContext implements Context {
  constructor(
    readonly signedIn: Viewer | null,
    readonly request: RequestInfo,
    /** bytes of text that the operation may read */
    private readonly textBytes: number,
    readonly loaders = new Loaders(signedIn?.userId ?? '', new TextBudget(textBytes)),
    private readonly state: { abandoned: HeddleError | null } = { abandoned: null },
  ) {}

  get viewer(): Viewer {
    if (this.state.abandoned !== null) throw this.state.abandoned
    if (this.signedIn === null) throw unauthenticated('No credential')
    return this.signedIn
  }

  /** The client no longer waits for the operation: whatever has not started yet fails. */
  abandon(reason: HeddleError): void {
    this.state.abandoned = reason
  }

  calling(call: IdempotentCall | null): ServerContext {
    const caller = this.signedIn && { ...this.signedIn, call }
    return new ServerContext(caller, this.request, this.textBytes, this.loaders, this.state)
  }

  /** The same caller with an empty loader cache: for the next event of a subscription. */
  renew(): ServerContext {
    return new ServerContext(this.signedIn, this.request, this.textBytes)
  }
}

/** Identifies the caller, for every transport. */
export class CallerIdentification {
  constructor(private readonly authenticator: Authenticator) {}

  /** null without any credential. Throws UNAUTHENTICATED for an invalid one. */
  async identify(header: HeaderSource, request: RequestInfo): Promise<Viewer | null> {
    const credentials = readCredentials(header)
    if (credentials.apiKey === null && credentials.bearer === null) return null
    return this.authenticator.authenticate(credentials, request)
  }
}
