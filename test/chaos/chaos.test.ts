import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILD_MS } from '../support/built.server.js'
import { testServerUrl } from '../support/database.js'
import { ChaosCluster } from './chaos.cluster.js'
import { Disturbances } from './chaos.disturbances.js'
import { randomFor, readOptions } from './chaos.options.js'
import { ChaosWorld } from './chaos.world.js'

/** `npm run chaos -- --minutes N --seed S` runs it for longer, or with other numbers. */

const { minutes, seed, kinds } = readOptions()
// Between two rounds nothing is disturbed, and everything is compared.
const ROUND_MS = 20_000
const REST_MS = 300_000

// On PGlite there is one node, which test/crash*.test.ts kill.
describe.runIf(testServerUrl() && process.env.TEST_REDIS_URL)('nodes on one database', () => {
  let cluster: ChaosCluster

  beforeAll(async () => {
    cluster = await ChaosCluster.open()
    await cluster.start()
  }, BUILD_MS)
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  test(
    'keep each write that was acknowledged, whatever is killed, frozen, cut or restarted',
    async () => {
      const world = await ChaosWorld.make(cluster, seed)
      const disturbances = new Disturbances(cluster, kinds, randomFor(seed, 5))
      try {
        const end = Date.now() + minutes * 60_000
        while (Date.now() < end) {
          const roundEnd = Math.min(end, Date.now() + ROUND_MS)
          const isOver = () => Date.now() >= roundEnd
          const undisturbed = disturbances.run(isOver)
          await Promise.all([world.run(isOver), undisturbed])
          await world.expectRest()
        }
        expect(cluster.deaths).toEqual([])
      } finally {
        process.stdout.write(`${await report(world, disturbances)}\n`)
        await world.watchers.close()
      }
    },
    minutes * 60_000 + REST_MS,
  )

  async function report({ journal, watchers }: ChaosWorld, { counts }: Disturbances): Promise<string> {
    const { acknowledged, refused, unsure, retried } = journal
    const did = `${acknowledged.size} mutations acknowledged, ${refused.size + unsure.size} refused, ${watchers.count} watched`
    const tries = [...retried].map(([why, count]) => `${why} ${count}`).join(', ')
    const went = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`)
    const deadlocks = await cluster.countDeadlocks()
    return [
      `chaos: ${did}; sent again after: ${tries || 'nothing'}`,
      `chaos: ${went.join(', ')}; ${deadlocks} deadlocks; ${cluster.deaths.length} processes ended by themselves`,
      `chaos: again with npm run chaos -- --minutes ${minutes} --seed ${seed} --only ${kinds.join(',')}`,
    ].join('\n')
  }
})
