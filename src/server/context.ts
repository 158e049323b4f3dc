import type { Authenticator } from '../features/access/authenticator.js'
import type { Context } from '../features/access/context.js'
import { readCredentials } from '../features/access/credentials.js'
import type { Viewer } from '../features/access/viewer.js'
import { unauthenticated } from '../platform/errors.js'
import { Loaders } from '../platform/loader.js'
import type { HeaderSource, RequestInfo } from '../platform/request.js'

/** What the server itself needs to know of an operation, beside what resolvers do. */
export interface ServerContext extends Context {
  readonly request: RequestInfo
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
    return {
      request,
      loaders: new Loaders(viewer?.userId ?? ''),
      get viewer(): Viewer {
        if (viewer === null) throw unauthenticated('No credential')
        return viewer
      },
    }
  }

  /** The same caller, and nothing loaded yet. */
  renew(context: ServerContext): ServerContext {
    return this.create(context.viewer, context.request)
  }
}
