import { connect } from 'node:net'
import type { TestClient } from '../support/client.js'
import type { AbuseTarget } from './abuse.target.js'

/** What somebody could send. `size` is what an attack repeats or makes longer. */
export interface Attack {
  small: number
  full: number
  /** What it needs is made before `begin`, from which on others are looked at. */
  run(target: AbuseTarget, attacker: TestClient, size: number, begin: () => Promise<unknown>): Promise<void>
}

const MEBIBYTE = 1_048_576
const ABOUT_ALL =
  '{ __schema { types { name description fields { name description args { name description } } } } }'

const nested = (levels: number): string =>
  levels === 0 ? 'name' : `fields { type { ${nested(levels - 1)} } }`
const each = (count: number, run: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

export const ATTACKS: Record<string, Attack> = {
  'introspection within introspection, without a credential': {
    small: 2,
    full: 50,
    async run(target, _, size) {
      const types = Array.from(
        { length: 60 },
        (_, index) => `a${index}: __type(name: "Query") { ${nested(8)} }`,
      )
      await each(size, () => target.ask(target.anonymous(), `{ ${types.join(' ')} }`))
      await each(size, () => target.ask(target.anonymous(), `{ __schema { types { ${nested(6)} } } }`))
    },
  },
  'three connection_init of many MiB': {
    small: 1,
    full: 16,
    async run(target, _, size) {
      await each(3, async () => {
        const socket = await target.open()
        socket.send({ type: 'connection_init', payload: { padding: 'x'.repeat(size * MEBIBYTE) } })
        await socket.closed
      })
    },
  },
  'a body of brackets': {
    small: 1,
    full: 64,
    async run(target, attacker, size) {
      await target.post(attacker, '['.repeat(size * MEBIBYTE))
      await each(4, () => target.post(attacker, '['.repeat(3 * MEBIBYTE)))
    },
  },
  'aliases for the same long messages': {
    small: 3,
    full: 100,
    async run(target, attacker, size, begin) {
      const organization = await target.seed.organization(attacker)
      const thread = await target.seed.thread({ organization })
      for (let sent = 0; sent < size; sent++) await target.seed.messages(thread, ['x'.repeat(MEBIBYTE - 1)])
      await begin()
      const page = 'messages(first: 100) { edges { node { content } } }'
      const aliases = Array.from({ length: 6 }, (_, n) => `a${n}: thread(threadId: $id) { ${page} }`)
      await each(3, () =>
        target.ask(attacker, `query ($id: ID!) { ${aliases.join(' ')} }`, { id: thread.id }),
      )
    },
  },
  'lists within lists within lists': {
    small: 2,
    full: 50,
    async run(target, attacker, size) {
      const inner = 'messages(first: 100) { edges { node { id } } }'
      const thread = `thread { ${inner} }`
      const query = `{ threads(first: 100) { edges { node { messages(first: 100) { edges { node { ${thread} } } } } } } }`
      await each(size, () => target.ask(attacker, query))
    },
  },
  'texts that no parser should see': {
    small: 1,
    full: 20,
    async run(target, attacker, size) {
      const texts = [
        '{'.repeat(500_000),
        `{ a(b: ${'['.repeat(400_000)}`,
        `{ ${'...f '.repeat(100_000)} }`,
        `{ ${'__typename '.repeat(50_000)} }`,
        `{ __typename ${'@skip(if: true) '.repeat(20_000)} }`,
        Array.from({ length: 2_000 }, (_, n) => `fragment f${n} on Query { ...f${n + 1} }`).join(' '),
      ]
      await each(size, () => each(texts.length, (index) => target.ask(attacker, texts[index] ?? '')))
    },
  },
  'subscriptions that wait': {
    small: 100,
    full: 8_000,
    async run(target, attacker, size) {
      const { id: spaceId } = await target.seed.space(await target.seed.organization(attacker))
      const watch = 'subscription ($spaceId: ID!) { spaceBackfillProgress(spaceId: $spaceId) { status } }'
      await each(Math.ceil(size / 1_000), async () => {
        const socket = await target.open(attacker)
        for (let id = 0; id < Math.min(size, 1_000); id++) socket.subscribe(`${id}`, watch, { spaceId })
      })
      // They stay while the others are looked at.
      for (let count = 0; count < 20; count++) await target.ask(attacker, '{ viewer { id } }')
    },
  },
  'a WebSocket that is never read': {
    small: 20,
    full: 600,
    async run(target, attacker, size) {
      const socket = await target.open(attacker)
      socket.socket.pause()
      for (let id = 0; id < size; id++) socket.subscribe(`${id}`, ABOUT_ALL)
      await target.ask(attacker, '{ viewer { id } }')
    },
  },
  'replies that are never read': {
    small: 5,
    full: 300,
    async run(target, attacker, size) {
      const { port, hostname } = new URL(target.url)
      const body = JSON.stringify({ query: ABOUT_ALL })
      const headers = Object.entries(attacker.headers).map(([name, value]) => `${name}: ${value}\r\n`)
      const start = `POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${headers.join('')}`
      const sockets = Array.from({ length: size }, () => {
        const socket = connect(Number(port), hostname).pause()
        socket.on('error', () => undefined)
        socket.write(`${start}content-length: ${body.length}\r\n\r\n${body}`.repeat(10))
        return socket
      })
      await target.ask(attacker, '{ viewer { id } }')
      for (const socket of sockets) socket.destroy()
    },
  },
  'sockets that stay silent': {
    small: 50,
    full: 450,
    async run(target, attacker, size) {
      await each(size, () => target.open())
      await target.ask(attacker, '{ viewer { id } }')
    },
  },
  'frames that are no messages': {
    small: 20,
    full: 2_000,
    async run(target, _, size) {
      const texts = [
        '',
        '{',
        'null',
        '[]',
        '{"type":"subscribe"}',
        '\u0000',
        '['.repeat(50_000),
        '{"type":"ping","payload":1}',
      ]
      for (let sent = 0; sent < size; sent++) {
        const socket = await target.open()
        socket.send(texts[sent % texts.length] ?? '')
        await socket.closed
      }
    },
  },
}
