import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

interface Kept {
  value: string
  until: number
}

/**
 * A server of its own that takes the place of Redis, as far as the cache and the bus of Heddle know it: it answers, keeps
 * its connections without an answer, or cuts them, as it is told.
 */
export class FakeRedisEndpoint {
  /** commands that have no answer yet */
  readonly unanswered: (() => void)[] = []
  readonly connections = new Set<Socket>()
  private readonly values = new Map<string, Kept>()
  private readonly subscribers = new Map<string, Set<Socket>>()
  private readonly server: Server
  private isHanging = false
  private isCut = false
  private now = 0

  constructor() {
    this.server = createServer((socket) => this.accept(socket))
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve)
    })
  }

  /** From now on nothing is answered, and connections stay. */
  hang(): void {
    this.isHanging = true
  }

  /** From now on every connection ends as soon as it is there. */
  cut(): void {
    this.isCut = true
    for (const socket of this.connections) socket.destroy()
  }

  /** Answers again, first what came meanwhile, with what it kept before. */
  recover(): void {
    this.isHanging = false
    this.isCut = false
    for (const answer of this.unanswered.splice(0)) answer()
  }

  /** Lets time pass for what is kept. */
  advance(milliseconds: number): void {
    this.now += milliseconds
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.server.close(resolve)
    })
    for (const socket of this.connections) socket.destroy()
    await closed
  }

  private accept(socket: Socket): void {
    socket.on('error', () => undefined)
    if (this.isCut) {
      socket.destroy()
      return
    }
    this.connections.add(socket)
    socket.on('close', () => {
      this.connections.delete(socket)
      for (const sockets of this.subscribers.values()) sockets.delete(socket)
    })
    let received = ''
    socket.on('data', (data) => {
      const { commands, rest } = readCommands(received + data.toString('latin1'))
      received = rest
      for (const command of commands) this.take(socket, command)
    })
  }

  private take(socket: Socket, command: readonly string[]): void {
    const answer = () => void socket.write(this.carryOut(socket, command), 'latin1')
    if (this.isHanging) this.unanswered.push(answer)
    else answer()
  }

  private carryOut(socket: Socket, [name = '', key = '', ...rest]: readonly string[]): string {
    switch (name.toLowerCase()) {
      case 'info':
        return bulk('redis_version:7.2.0\r\nloading:0\r\n')
      case 'mget':
        return array([key, ...rest].map((asked) => bulk(this.find(asked))))
      case 'set':
        return this.keep(key, rest)
      case 'publish':
        return this.publish(key, rest[0] ?? '')
      case 'subscribe':
        return [key, ...rest].map((topic) => this.subscribe(socket, topic)).join('')
      case 'unsubscribe':
        this.subscribers.get(key)?.delete(socket)
        return array([bulk('unsubscribe'), bulk(key), ':0\r\n'])
      default:
        return '+OK\r\n'
    }
  }

  private find(key: string): string | null {
    const kept = this.values.get(key)
    return kept && kept.until > this.now ? kept.value : null
  }

  private keep(key: string, [value = '', , lifetime, condition]: readonly string[]): string {
    if (condition === 'NX' && this.find(key) !== null) return bulk(null)
    // What is not given a time would stay for ever.
    this.values.set(key, { value, until: this.now + Number(lifetime ?? Number.POSITIVE_INFINITY) })
    return '+OK\r\n'
  }

  private subscribe(socket: Socket, topic: string): string {
    this.subscribers.set(topic, (this.subscribers.get(topic) ?? new Set()).add(socket))
    return array([bulk('subscribe'), bulk(topic), ':1\r\n'])
  }

  private publish(topic: string, message: string): string {
    const sockets = [...(this.subscribers.get(topic) ?? [])]
    for (const socket of sockets) {
      socket.write(array([bulk('message'), bulk(topic), bulk(message)]), 'latin1')
    }
    return `:${sockets.length}\r\n`
  }
}

/** Bytes are read as Latin-1, so that a length in bytes is one in characters. Source: the protocol RESP2 of Redis. */
function readCommands(received: string): { commands: string[][]; rest: string } {
  const commands: string[][] = []
  let rest = received
  for (let command = readCommand(rest); command !== null; command = readCommand(rest)) {
    commands.push(command.words)
    rest = rest.slice(command.length)
  }
  return { commands, rest }
}

function readCommand(text: string): { words: string[]; length: number } | null {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (!head) return null
  let position = head[0].length
  const words: string[] = []
  for (let count = Number(head[1]); count > 0; count--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(position, position + 20))
    if (!size) return null
    const start = position + size[0].length
    const end = start + Number(size[1])
    if (text.length < end + 2) return null
    words.push(text.slice(start, end))
    position = end + 2
  }
  return { words, length: position }
}

const bulk = (text: string | null): string => (text === null ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`)

const array = (items: readonly string[]): string => `*${items.length}\r\n${items.join('')}`

export async function startRedisEndpoint(): Promise<FakeRedisEndpoint> {
  const endpoint = new FakeRedisEndpoint()
  await endpoint.listen()
  return endpoint
}
