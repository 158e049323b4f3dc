import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import proxyaddr from 'proxy-addr'

/** A client's address, behind the trusted proxies: each of them appends the address of its own client. */

const NETWORK_BYTES = 8

/** An IPv4 address, or the /64 network of an IPv6 one, because one host may use all of its addresses. */
export function addressOf(request: IncomingMessage, trustedProxies: number): string {
  const claimed = proxyaddr(request, (_, hop) => hop < trustedProxies)
  const address = ipaddr.isValid(claimed ?? '') ? claimed : request.socket.remoteAddress
  if (address === undefined) return ''
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${Buffer.from(parsed.toByteArray().slice(0, NETWORK_BYTES)).toString('hex')}::/64`
}

/** Whether the client's connection to the first proxy used TLS. */
export function isSecure({ headers }: IncomingMessage, trustedProxies: number): boolean {
  const [scheme] = String(headers['x-forwarded-proto'] ?? '').split(',')
  return trustedProxies > 0 && scheme?.trim() === 'https'
}
