import type { IncomingMessage } from 'node:http'

/** The web pages that may open a WebSocket: a browser asks nobody before it sends one to another site. */
export class Origins {
  readonly #listed: ReadonlySet<string>

  constructor(listed: readonly string[]) {
    this.#listed = new Set(listed)
  }

  /** Whether a request comes from no page, from a page of this very host, or from a listed origin. */
  allow({ headers: { origin, host } }: IncomingMessage): boolean {
    if (origin === undefined || this.#listed.has(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === host
  }
}
