import type { GraphQLFormattedError } from 'graphql'
import { credentialTopics } from '../../features/access/access.events.js'
import type { Viewer } from '../../features/access/viewer.js'
import { HeddleError } from '../../platform/errors.js'
import type { Bus } from '../../platform/events/bus.js'
import { HEADER_NAMES, type HeaderSource, type RequestInfo, readRequestInfo } from '../../platform/request.js'
import type { CallerIdentification } from '../context.js'
import { type Holder, holderOf } from '../holder.js'
import type { Tally } from '../tally.js'
import { CloseCodes, type Closing } from './websocket.codes.js'

// Tolerance for differing clocks: a credential is accepted for a few seconds longer than it says.
const EXPIRED_LOOK_MS = 2_000
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The caller of a socket, as identified by `connection_init`: the socket lives no longer than its credential. */
export class WebsocketSession {
  #header: HeaderSource = () => undefined
  #viewer: Viewer | null = null
  #holder: Holder
  #expiry: NodeJS.Timeout | undefined
  #leave: () => void = () => undefined
  #isEnded = false

  constructor(
    private readonly callers: CallerIdentification,
    private readonly bus: Bus,
    private readonly socketsOfUsers: Tally,
    private readonly address: string,
    private readonly close: (closing: Closing) => void,
  ) {
    this.#holder = holderOf(null, address)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  get holder(): Holder {
    return this.#holder
  }

  /** Request information of each operation. */
  readRequest(): RequestInfo {
    return readRequestInfo(this.#header)
  }

  /** Checks the payload of `connection_init`, and keeps its known properties. @returns why the socket must close, or null */
  async open(params: Readonly<Record<string, unknown>> | undefined): Promise<Closing | null> {
    this.#header = keepHeaders(params)
    try {
      this.#viewer = await this.callers.identify(this.#header, this.readRequest())
    } catch (thrown) {
      return isUnauthenticated(thrown)
        ? forbidden(thrown)
        : { code: CloseCodes.tryAgainLater, reason: 'The credential cannot be checked now' }
    }
    if (this.#viewer === null || this.#isEnded) return null
    const { userId } = this.#viewer
    if (!this.socketsOfUsers.take(userId)) {
      this.#viewer = null
      return { code: CloseCodes.tryAgainLater, reason: 'Too many sockets for this user' }
    }
    this.#holder = holderOf(this.#viewer, this.address)
    const leaves = credentialTopics(this.#viewer).map((topic) => this.bus.subscribe(topic, () => this.look()))
    this.#leave = () => {
      for (const leave of leaves) leave()
    }
    this.#awaitExpiry()
    return null
  }

  /** The current caller; null without a credential. An expired credential closes the socket after this was answered. */
  async identify(request: RequestInfo): Promise<Viewer | null> {
    if (this.#viewer === null) return null
    try {
      return await this.callers.identify(this.#header, request)
    } catch (thrown) {
      if (isUnauthenticated(thrown)) setImmediate(() => this.close(forbidden(thrown)))
      throw thrown
    }
  }

  /** A subscription may be the first to detect that the credential has ended. */
  hear({ errors }: { readonly errors?: readonly GraphQLFormattedError[] }): void {
    if (errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED')) this.look()
  }

  /** Closes the socket if its credential has ended. */
  look(): void {
    void this.identify(this.readRequest())
      // What cannot be checked now is checked by the next operation.
      .catch(() => undefined)
      .finally(() => this.#awaitExpiry())
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearTimeout(this.#expiry)
    this.#leave()
    if (this.#viewer) this.socketsOfUsers.giveBack(this.#viewer.userId)
  }

  #awaitExpiry(): void {
    clearTimeout(this.#expiry)
    const expiresAt = this.#viewer?.expiresAt
    if (!expiresAt || this.#isEnded) return
    const left = Math.max(expiresAt.getTime() - Date.now(), EXPIRED_LOOK_MS)
    this.#expiry = setTimeout(() => this.look(), Math.min(left, LONGEST_TIMER_MS))
  }
}

function keepHeaders(params: Readonly<Record<string, unknown>> = {}): HeaderSource {
  const known = new Set<string>(HEADER_NAMES)
  const kept = new Map<string, string>()
  for (const [name, value] of Object.entries(params)) {
    const header = name.toLowerCase()
    if (known.has(header) && typeof value === 'string') kept.set(header, value)
  }
  return (name) => kept.get(name)
}

function isUnauthenticated(thrown: unknown): thrown is HeddleError {
  return thrown instanceof HeddleError && thrown.code === 'UNAUTHENTICATED'
}

function forbidden({ systemMessage }: HeddleError): Closing {
  return { code: CloseCodes.forbidden, reason: `Forbidden: ${systemMessage}` }
}
