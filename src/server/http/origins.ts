import type { IncomingMessage } from 'node:http'

/** Which web pages may open a WebSocket: browsers send no preflight for it. */
export class Origins {
  readonly #listed: ReadonlySet<string>

  constructor(listed: readonly string[]) {
    this.#listed = new Set(listed)
  }

  /** Whether a request comes from no page, from a page on this host, or from a listed origin. */
  allow({ headers: { origin, host } }: IncomingMessage): boolean {
    if (origin === undefined || this.#listed.has(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }
}
