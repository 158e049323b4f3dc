/** Reads the credentials in a link's fragment, which browsers never send to a server. */
import type { RequestHeaders } from './gateway.fetcher.js'

/** The headers of `#apiKey=KEY`; the key is removed from the address bar, so that it is not copied. */
export function takeHeaders(location: Location, history: History): RequestHeaders | undefined {
  const key = new URLSearchParams(location.hash.slice(1)).get('apiKey')
  if (key === null) return undefined
  history.replaceState(history.state, '', location.pathname + location.search)
  return { 'X-API-Key': key }
}
