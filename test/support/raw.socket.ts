import { once } from 'node:events'
import { type ClientOptions, WebSocket } from 'ws'
import type { Json } from './client.js'
import { eventually } from './eventually.js'

/** A WebSocket without a client library, for what no library would send. */
export class RawSocket {
  readonly messages: Json[] = []
  readonly closed: Promise<{ code: number; reason: string }>

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.messages.push(JSON.parse(String(data))))
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }))
    })
  }

  /** Rejects with the refusal when the server does not take it. */
  static async open(url: string, options: ClientOptions = {}, path = '/graphql'): Promise<RawSocket> {
    const address = new URL(path, url)
    address.protocol = 'ws:'
    const socket = new WebSocket(address, 'graphql-transport-ws', options)
    const raw = new RawSocket(socket)
    await once(socket, 'open')
    return raw
  }

  send(message: Json): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** Sends `connection_init`, and waits until it is accepted. */
  async init(payload: Record<string, unknown> = {}): Promise<this> {
    this.send({ type: 'connection_init', payload })
    await eventually(() => this.expectMessage('connection_ack'))
    return this
  }

  /** What is there of this type; fails when nothing is. */
  expectMessage(type: string, id?: string): Json {
    const found = this.messages.find((message) => message.type === type && message.id === id)
    if (!found) throw new Error(`No ${type} among ${JSON.stringify(this.messages).slice(0, 300)}`)
    return found
  }

  /** What ended this operation; fails while nothing has. */
  expectAnswer(id: string): Json {
    const ends = this.messages.filter((message) => message.id === id && message.type !== 'next')
    if (ends.length === 0) throw new Error(`No answer to ${id}`)
    return ends[0]
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } })
  }

  close(): void {
    this.socket.terminate()
  }
}
