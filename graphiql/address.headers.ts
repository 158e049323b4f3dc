/** Takes the credentials that a link carries in its fragment, which browsers never send to a server. */
import type { RequestHeaders } from './gateway.fetcher.js'

/** The headers of `#apiKey=KEY`; the key leaves the address bar, so that it is not copied along. */
export function takeHeaders(location: Location, history: History): RequestHeaders | undefined {
  const key = new URLSearchParams(location.hash.slice(1)).get('apiKey')
  if (key === null) return undefined
  history.replaceState(history.state, '', location.pathname + location.search)
  return { 'X-API-Key': key }
}
