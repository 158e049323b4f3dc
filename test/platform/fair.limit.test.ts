import { expect, test } from 'vitest'
import { FairLimit, KeyedLimit } from '../../src/platform/workers/fair.limit.js'

const { signal } = new AbortController()

/** Work that goes on until it is told to end, and the order in which it began. */
class Bench {
  readonly begun: string[] = []
  readonly #ends: (() => void)[] = []

  start(limit: FairLimit, key: string, name: string, waits: AbortSignal = signal): Promise<void> {
    return limit.run(key, waits, () => {
      this.begun.push(name)
      return new Promise((resolve) => this.#ends.push(resolve))
    })
  }

  /** Ends what began first, and gives the next its turn. */
  async endOne(): Promise<void> {
    this.#ends.shift()?.()
    await new Promise(setImmediate)
  }
}

test('no more is at work than the limit allows, and each end begins the next', async () => {
  const [limit, bench] = [new FairLimit(2), new Bench()]
  for (const name of ['a1', 'a2', 'a3', 'a4']) void bench.start(limit, 'a', name)
  expect(bench.begun).toEqual(['a1', 'a2'])

  await bench.endOne()
  expect(bench.begun).toEqual(['a1', 'a2', 'a3'])
  await bench.endOne()
  await bench.endOne()
  await bench.endOne()

  expect(bench.begun).toEqual(['a1', 'a2', 'a3', 'a4'])
})

test('who waits with little is not behind all of who waits with much', async () => {
  const [limit, bench] = [new FairLimit(1), new Bench()]
  for (const name of ['a1', 'a2', 'a3', 'a4']) void bench.start(limit, 'a', name)
  for (const name of ['b1', 'b2']) void bench.start(limit, 'b', name)
  void bench.start(limit, 'c', 'c1')

  for (let count = 0; count < 7; count++) await bench.endOne()

  expect(bench.begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('a wait that is given up takes no turn, and work that failed gives its place on', async () => {
  const [limit, bench] = [new FairLimit(1), new Bench()]
  const failed = limit.run('a', signal, () => Promise.reject(new Error('broken')))
  const controller = new AbortController()
  const given = bench.start(limit, 'a', 'given up', controller.signal)
  void bench.start(limit, 'b', 'b1')
  controller.abort(new Error('given up'))

  await expect(given).rejects.toThrow('given up')
  await expect(failed).rejects.toThrow('broken')
  await new Promise(setImmediate)

  expect(bench.begun).toEqual(['b1'])
  await expect(bench.start(limit, 'b', 'b2', controller.signal)).rejects.toThrow('given up')
})

test('a limit of each key holds up nobody but the key itself', async () => {
  const [limit, begun] = [new KeyedLimit(1), [] as string[]]
  let endFirst: () => void = () => undefined
  const first = limit.run('a', () => {
    begun.push('a1')
    return new Promise<void>((resolve) => {
      endFirst = resolve
    })
  })
  const second = limit.run('a', async () => void begun.push('a2'))
  await limit.run('b', async () => void begun.push('b1'))
  expect(begun).toEqual(['a1', 'b1'])

  endFirst()
  await Promise.all([first, second])
  expect(begun).toEqual(['a1', 'b1', 'a2'])
})
