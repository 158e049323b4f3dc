import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { expectCurrentVectors } from '../../support/current.vectors.js'
import { DELETE_MESSAGE, EDIT_MESSAGE } from '../../support/documents.js'
import { FakeEmbedder } from '../../support/fake.embedder.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededSpace, SeededThread } from '../../support/seed.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ embedder: new FakeEmbedder({ batchSize: 3, concurrency: 2 }) })
})
afterAll(() => app[Symbol.asyncDispose]())

/** Things that callers do to a space at once; each number picks a thread. */
type Step =
  | { kind: 'add' | 'remove' | 'cancel' | 'retry' | 'hide' | 'show'; thread: number }
  | { kind: 'append'; thread: number; texts: string[] }
  | { kind: 'edit'; thread: number; message: number; content: string }
  | { kind: 'erase'; thread: number; message: number }
  | { kind: 'outage'; times: number }
  | { kind: 'gate'; isOpen: boolean }

const THREADS = 3

const thread = fc.nat(THREADS - 1)
const message = fc.nat(15)
const text = fc.constantFrom('plain words', 'other words', 'poison', '', 'long '.repeat(700))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), thread }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), thread }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'retry' as const), thread }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('hide' as const, 'show' as const), thread }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      thread,
      texts: fc.array(text, { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('edit' as const), thread, message, content: text }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('erase' as const), thread, message }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('outage' as const), times: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gate' as const), isOpen: fc.boolean() }) },
)

/** One space, its threads, which are in another space of the same model as well, and the backfills that its callers have heard of. */
class Scene {
  readonly #backfills: string[] = []

  constructor(
    readonly space: SeededSpace,
    readonly threads: readonly SeededThread[],
  ) {}

  /** Several steps at once, by callers that know nothing of one another. */
  async take(steps: readonly Step[]): Promise<void> {
    const replies = await Promise.all(steps.map((next) => this.#take(next)))
    for (const error of replies.flatMap((reply) => reply?.errors ?? [])) {
      expect(['CONFLICT', 'RESOURCE_NOT_FOUND']).toContain(error.extensions.code)
    }
  }

  /** Mends the embedder, takes up what was left undone, and puts each thread into the space. */
  async settle(): Promise<void> {
    app.embedder.refuse(() => false)
    app.embedder.resume()
    for (const { id, owner } of this.threads) {
      await owner.run('RestoreThread', { threadId: id })
      await owner.must('AddThreadToSpace', { spaceId: this.space.id, threadId: id })
    }
    await expectSoundRest(app.pool)
    for (const backfillId of this.#backfills) await this.space.owner.run('RetryBackfill', { backfillId })
    await expectSoundRest(app.pool)
  }

  async #take(next: Step): Promise<Reply | null> {
    if (next.kind === 'gate') return this.#control(() => app.embedder[next.isOpen ? 'resume' : 'pause']())
    if (next.kind === 'outage') return this.#control(() => app.embedder.failNext(503, {}, next.times))
    const { id: threadId, messageIds } = this.threads[next.thread] ?? expect.unreachable()
    const { id: spaceId, owner } = this.space
    const backfillId = this.#backfills.at(-1 - next.thread) ?? 'bkfl_none'
    switch (next.kind) {
      case 'add':
        return this.#remember(await owner.run('AddThreadToSpace', { spaceId, threadId }))
      case 'remove':
        return owner.run('RemoveThreadFromSpace', { spaceId, threadId })
      case 'cancel':
        return owner.run('CancelBackfill', { backfillId })
      case 'retry':
        return this.#remember(await owner.run('RetryBackfill', { backfillId }))
      case 'hide':
        return owner.run('DeleteThread', { threadId, mode: 'SOFT' })
      case 'show':
        return owner.run('RestoreThread', { threadId })
      case 'append': {
        const messages = next.texts.map((content) => ({ role: 'USER', content }))
        const reply = await owner.run('AppendMessages', { threadId, messages })
        for (const { id } of reply.data?.appendMessages?.messages ?? []) messageIds.push(id)
        return reply
      }
      case 'edit': {
        const messageId = messageIds[next.message] ?? 'msg_none'
        return owner.run(EDIT_MESSAGE, { messageId, content: next.content })
      }
      case 'erase':
        return owner.run(DELETE_MESSAGE, { messageId: messageIds[next.message] ?? 'msg_none' })
    }
  }

  #control(change: () => void): null {
    change()
    return null
  }

  #remember(reply: Reply): Reply {
    const { backfill } = reply.data?.addThreadToSpace ?? reply.data?.retryBackfill ?? {}
    if (backfill) this.#backfills.push(backfill.id)
    return reply
  }
}

async function createScene(): Promise<Scene> {
  const organization = await app.seed.organization()
  const space = await app.seed.space(organization)
  const other = await app.seed.space(organization)
  const threads = []
  for (let count = 0; count < THREADS; count++) {
    const made = await app.seed.thread({ organization, messages: ['first words', 'poison', ''] })
    await app.seed.link(other, made)
    threads.push(made)
  }
  return new Scene(space, threads)
}

async function countMessagesWithText({ space }: Scene): Promise<{ withText: number; embedded: number }> {
  const { rows } = await app.pool.query(
    `select count(*) filter (where m.content <> '')::int as "withText",
       count(*) filter (where exists (select from embedding e where e.store_id = l.space_id and e.message_id = m.id))::int as embedded
     from space_thread l join message m on m.thread_id = l.thread_id where l.space_id = $1`,
    [space.id],
  )
  return rows[0]
}

test('whatever callers do at once and however the embedder fails, the data is consistent, and all of it is embedded in the end', async () => {
  const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 3, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(rounds, async (steps) => {
      const scene = await createScene()
      app.embedder.refuse((content) => content.startsWith('poison'))
      for (const round of steps) await scene.take(round)
      await scene.settle()
      const { withText, embedded } = await countMessagesWithText(scene)
      expect(embedded).toBe(withText)
      await expectCurrentVectors(app.pool)
      const { space } = await scene.space.owner.must('Space', { id: scene.space.id })
      expect(space.threadCount).toBe(THREADS)
    }),
    { numRuns: 8, endOnFailure: true },
  )
  expect(app.logs.complaints().filter(({ msg }) => msg === 'unexpected error')).toEqual([])
})
