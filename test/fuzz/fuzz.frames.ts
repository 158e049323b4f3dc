import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Json, TestClient } from '../support/client.js'
import type { Random } from '../support/crash.random.js'
import { broken, type DocumentGrammar } from './fuzz.documents.js'
import { anyValue, pick } from './fuzz.values.js'

/** A socket with good and bad frames on it. @returns what came back, and with which code it was closed */
export async function sendFrames(
  caller: TestClient,
  grammar: DocumentGrammar,
  count: number,
  random: Random,
): Promise<{ messages: Json[]; code: number }> {
  const socket = new WebSocket(caller.url.replace(/^http/, 'ws'), 'graphql-transport-ws')
  const messages: Json[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  const closed = once(socket, 'close') as Promise<[number]>
  await once(socket, 'open')
  const payload = random(8) === 0 ? anyValue(random) : caller.headers
  if (random(10) > 0) socket.send(JSON.stringify({ type: 'connection_init', payload }))
  for (let sent = 0; sent < count && socket.readyState === WebSocket.OPEN; sent++) {
    const frame = JSON.stringify(messageOf(grammar, sent, random))
    socket.send(random(count * 2) === 0 ? broken(frame, random) : frame)
  }
  // What was asked for is answered in its order: this is the last of it.
  socket.send(JSON.stringify({ type: 'ping' }))
  if (!messages.some(({ type }) => type === 'pong')) await Promise.race([pongOf(socket), closed])
  socket.close(1000)
  const [code] = await closed
  return { messages, code }
}

function messageOf(grammar: DocumentGrammar, index: number, random: Random): Json {
  if (random(40) === 0)
    return { type: pick(['connection_init', 'next', 'nonsense', 'complete', 'pong'], random), id: '1' }
  const payload = random(20) === 0 ? anyValue(random) : grammar.make()
  return { type: 'subscribe', id: `${index}`, payload }
}

function pongOf(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      if (String(data).includes('"pong"')) resolve()
    })
  })
}
