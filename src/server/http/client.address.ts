import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyaddr from 'proxy-addr'

/** Where a client is, behind as many proxies as are trusted: each appends the address of its own client. */

const NETWORK_BYTES = 8

/** An IPv4 address, or the network of 64 bits of an IPv6 one, all of whose addresses one host may have. */
export function addressOf(request: IncomingMessage, trustedProxies: number): string {
  const claimed = proxyaddr(request, (_, hop) => hop < trustedProxies)
  const address = ipaddr.isValid(claimed ?? '') ? claimed : request.socket.remoteAddress
  if (address === undefined) return ''
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${Buffer.from(parsed.toByteArray().slice(0, NETWORK_BYTES)).toString('hex')}::/64`
}

/** Whether the client came over TLS, to the first of them. */
export function isSecure({ headers }: IncomingMessage, trustedProxies: number): boolean {
  const [scheme] = String(headers['x-forwarded-proto'] ?? '').split(',')
  return trustedProxies > 0 && scheme?.trim() === 'https'
}
