import { z } from 'zod'
import { whole } from './config.fields.js'

/** What a WebSocket, an address and a user may hold of this process. */

const MEBIBYTE = 1_048_576

export const websocketVariables = z.object({
  WEBSOCKET_MESSAGE_BYTES: whole(
    65_536,
    64 * MEBIBYTE,
    4 * MEBIBYTE,
    'Bytes of a message over WebSocket. Until connection_init is accepted, 65,536 in all.',
  ),
  WEBSOCKET_SOCKETS_PER_ADDRESS: whole(
    1,
    1_000_000,
    500,
    'WebSockets that one address may have open, signed in or not; TRUST_PROXY says whose address it is.',
  ),
  WEBSOCKET_SOCKETS_PER_USER: whole(1, 1_000_000, 100, 'WebSockets that one user may have open.'),
  WEBSOCKET_OPERATIONS_PER_SOCKET: whole(
    1,
    1_000_000,
    1_000,
    'Operations that run on one WebSocket at once, subscriptions among them.',
  ),
  WEBSOCKET_OPERATIONS_PER_USER: whole(
    1,
    1_000_000,
    10_000,
    'Operations of one user that run over WebSocket at once; of one address without a credential.',
  ),
  WEBSOCKET_UNREAD_BYTES: whole(
    MEBIBYTE,
    1_024 * MEBIBYTE,
    32 * MEBIBYTE,
    'Bytes that may wait for the client of one WebSocket to read them. One with more is closed, and once all of them together have four times as much, the one with the most.',
  ),
  WEBSOCKET_WRITE_SECONDS: whole(
    1,
    3_600,
    30,
    'Seconds in which a client must take something of what waits for it; its WebSocket is closed then.',
  ),
  WEBSOCKET_PING_SECONDS: whole(
    1,
    3_600,
    12,
    'Seconds between pings of a WebSocket, which is closed when its client has not answered for twice as long.',
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
