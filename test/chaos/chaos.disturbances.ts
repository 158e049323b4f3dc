import { setTimeout as after } from 'node:timers/promises'
import type { Random } from '../support/crash.random.js'
import type { ChaosCluster } from './chaos.cluster.js'
import { chosen, type Kind } from './chaos.options.js'

const QUIET_MS = 1_500
// Leases of these nodes last a second: some freezes are over before, others are not.
const MOST_FROZEN_MS = 5_000
const MOST_AWAY_MS = 2_000

// Not the test's own connections, which look at what became of everything.
const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and random() < $1`

/** What goes wrong, at moments that nobody chose. */
export class Disturbances {
  readonly counts: Record<Kind, number> = { kill: 0, freeze: 0, terminate: 0, redis: 0 }

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly kinds: readonly Kind[],
    private readonly random: Random,
  ) {}

  /** Of nodes and of what they stand on, each one after the other. What was taken away is back at the end. */
  async run(isOver: () => boolean): Promise<void> {
    const ofNodes = (kind: Kind) => kind === 'kill' || kind === 'freeze'
    await Promise.all([
      this.#go(
        this.kinds.filter((kind) => ofNodes(kind)),
        isOver,
      ),
      this.#go(
        this.kinds.filter((kind) => !ofNodes(kind)),
        isOver,
      ),
    ])
    await this.cluster.revive()
  }

  async #go(kinds: readonly Kind[], isOver: () => boolean): Promise<void> {
    while (kinds.length > 0 && !isOver()) {
      await after(this.random(QUIET_MS))
      if (isOver()) return
      const kind = chosen(kinds, this.random)
      this.counts[kind]++
      await this.#disturb(kind)
      if (kind === 'kill' || kind === 'freeze') await this.cluster.revive()
    }
  }

  async #disturb(kind: Kind): Promise<void> {
    const { cluster, random } = this
    const node = chosen(cluster.nodes, random)
    switch (kind) {
      case 'kill':
        await node.kill()
        await after(random(MOST_AWAY_MS))
        return node.start()
      case 'freeze':
        node.freeze()
        await after(100 + random(MOST_FROZEN_MS))
        return node.thaw()
      case 'terminate':
        await cluster.database.pool.query(TERMINATE, [random(2) === 0 ? 1 : 0.3])
        return
      case 'redis':
        await cluster.redis.kill()
        await after(random(MOST_AWAY_MS))
        return cluster.redis.start()
    }
  }
}
