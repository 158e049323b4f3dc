import { z } from 'zod'
import { whole } from './config.fields.js'

/** Limits on WebSockets per socket, address and user, in one process. */

const MEBIBYTE = 1_048_576

export const websocketVariables = z.object({
  WEBSOCKET_MESSAGE_BYTES: whole(
    65_536,
    64 * MEBIBYTE,
    4 * MEBIBYTE,
    'Maximum size of a WebSocket message in bytes. Until connection_init is accepted, 65,536 bytes in total.',
  ),
  WEBSOCKET_SOCKETS_PER_ADDRESS: whole(
    1,
    1_000_000,
    500,
    'WebSockets that one address may have open, authenticated or not; TRUST_PROXY determines whose address counts.',
  ),
  WEBSOCKET_SOCKETS_PER_USER: whole(1, 1_000_000, 100, 'WebSockets that one user may have open.'),
  WEBSOCKET_OPERATIONS_PER_SOCKET: whole(
    1,
    1_000_000,
    1_000,
    'Operations that may run at the same time on one WebSocket, including subscriptions.',
  ),
  WEBSOCKET_OPERATIONS_PER_USER: whole(
    1,
    1_000_000,
    10_000,
    'Operations of one user, or of one address without a credential, that may run over WebSocket at the same time.',
  ),
  WEBSOCKET_UNREAD_BYTES: whole(
    MEBIBYTE,
    1_024 * MEBIBYTE,
    32 * MEBIBYTE,
    'Bytes that may be buffered for the client of one WebSocket. A socket that exceeds this is closed; if all together exceed four times as much, the one with the most is closed.',
  ),
  WEBSOCKET_WRITE_SECONDS: whole(
    1,
    3_600,
    30,
    'Seconds within which a client must read some of the data buffered for it; after that, its WebSocket is closed.',
  ),
  WEBSOCKET_PING_SECONDS: whole(
    1,
    3_600,
    12,
    'Seconds between pings of a WebSocket; it is closed if its client has not answered for twice as long.',
  ),
})

export interface WebsocketSettings {
  messageBytes: number
  socketsPerAddress: number
  socketsPerUser: number
  operationsPerSocket: number
  operationsPerUser: number
  unreadBytes: number
  writeMs: number
  pingMs: number
}

const SECOND_MS = 1_000

export function readWebsocket(values: z.infer<typeof websocketVariables>): WebsocketSettings {
  return {
    messageBytes: values.WEBSOCKET_MESSAGE_BYTES,
    socketsPerAddress: values.WEBSOCKET_SOCKETS_PER_ADDRESS,
    socketsPerUser: values.WEBSOCKET_SOCKETS_PER_USER,
    operationsPerSocket: values.WEBSOCKET_OPERATIONS_PER_SOCKET,
    operationsPerUser: values.WEBSOCKET_OPERATIONS_PER_USER,
    unreadBytes: values.WEBSOCKET_UNREAD_BYTES,
    writeMs: values.WEBSOCKET_WRITE_SECONDS * SECOND_MS,
    pingMs: values.WEBSOCKET_PING_SECONDS * SECOND_MS,
  }
}
