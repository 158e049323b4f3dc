import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Reply } from '../../support/client.js'
import { eventually } from '../../support/eventually.js'
import { expectSoundRest } from '../../support/rest.js'
import { codeOf, NOTHING, rowsOf, times, usageOf } from '../deletion/deletion.fixture.js'
import { endRetention, expectPurged } from './purge.fixture.js'

const ROUNDS = 20
const LANES = 5
const MESSAGES = 2
let app: TestApp

beforeAll(async () => {
  app = await startTestApp({ timings: { backfill: { pollMs: 50 }, purge: { pollMs: 5 } } })
})
afterAll(() => app[Symbol.asyncDispose]())
afterEach(() => expectSoundRest(app.pool))

/** Restores in a few lanes, and ends the retention once the first reply is there. @returns every reply */
async function restoreAsTimeEnds(restorations: readonly (() => Promise<Reply>)[]): Promise<Reply[]> {
  const replies: Reply[] = []
  let ended: Promise<void> | undefined
  await times(LANES, async (lane) => {
    for (let index = lane; index < restorations.length; index += LANES) {
      replies[index] = (await restorations[index]?.()) as Reply
      ended ??= endRetention(app)
    }
  })
  await ended
  return replies
}

/** Threads of one project. */
async function seedThreads(count: number) {
  const organization = await app.seed.organization()
  const project = await app.seed.project(organization)
  const threads = await times(count, () => app.seed.thread({ organization, project, messages: MESSAGES }))
  return { organization, owner: organization.owner, project, threads }
}

test('a thread that is restored while its time ends is there whole, or gone whole, as its caller was told', async () => {
  const { organization, owner, project, threads } = await seedThreads(ROUNDS)
  await Promise.all(threads.map(({ id }) => owner.must('DeleteThread', { threadId: id, mode: 'SOFT' })))

  const replies = await restoreAsTimeEnds(
    threads.map(
      ({ id }) =>
        () =>
          owner.run('RestoreThread', { threadId: id }),
    ),
  )

  const restored = replies.filter((reply) => codeOf(reply) === null).length
  for (const [index, reply] of replies.entries()) {
    const { id } = threads[index] as { id: string }
    if (codeOf(reply) === null) {
      expect((await owner.must('Thread', { id })).thread.messageCount).toBe(MESSAGES)
      continue
    }
    expect(['CONFLICT', 'RESOURCE_NOT_FOUND']).toContain(codeOf(reply))
    await expectPurged(app, id)
  }
  await eventually(async () => {
    const usage = { threads: restored, projects: restored > 0 ? 1 : 0, messages: restored * MESSAGES }
    expect(await usageOf(owner, organization.id)).toEqual(usage)
  })
  expect(codeOf(await owner.run('Project', { id: project.id }))).toBe(
    restored > 0 ? null : 'RESOURCE_NOT_FOUND',
  )
})

test('a batch that is restored while its time ends comes back whole, or goes whole', async () => {
  const batches = await times(ROUNDS, async () => {
    const seeded = await seedThreads(3)
    const { deleteAllThreads } = await seeded.owner.must('DeleteAllThreads')
    return { ...seeded, batchId: deleteAllThreads.batchId as string }
  })

  const replies = await restoreAsTimeEnds(
    batches.map(
      ({ owner, batchId }) =>
        () =>
          owner.run('RestoreThreads', { batchId }),
    ),
  )

  for (const [index, reply] of replies.entries()) {
    const { organization, owner, threads } = batches[index] as (typeof batches)[number]
    const isBack = codeOf(reply) === null
    if (isBack) expect(reply.data.restoreThreads.restored).toBe(threads.length)
    else expect(reply).toFailWith({ code: 'CONFLICT', systemMessage: 'Restore period ended' })
    if (!isBack) for (const { id } of threads) await expectPurged(app, id)
    const left = isBack ? threads.length : 0
    await eventually(async () =>
      expect(await usageOf(owner, organization.id)).toEqual({
        threads: left,
        projects: isBack ? 1 : 0,
        messages: left * MESSAGES,
      }),
    )
  }
})

test('a permanent deletion that meets a restoration deletes what came back, or finds nothing to delete', async () => {
  const { organization, owner, threads } = await seedThreads(ROUNDS)
  await Promise.all(threads.map(({ id }) => owner.must('DeleteThread', { threadId: id, mode: 'SOFT' })))

  const outcomes = await Promise.all(
    threads.map(async ({ id: threadId }) => ({
      threadId,
      replies: await Promise.all([
        owner.run('RestoreThread', { threadId }),
        owner.run('DeleteThread', { threadId }),
      ]),
    })),
  )

  let left = 0
  for (const { threadId, replies } of outcomes) {
    const [restoration, deletion] = replies
    expect(restoration.errors).toBeUndefined()
    if (codeOf(deletion) === null) {
      expect(await rowsOf(app.pool, threadId)).toEqual(NOTHING)
    } else {
      left++
      expect(deletion).toFailWith({ code: 'RESOURCE_NOT_FOUND', systemMessage: 'Thread not found' })
      expect(await rowsOf(app.pool, threadId)).toMatchObject({ threads: 1, messages: MESSAGES })
    }
  }
  expect(await usageOf(owner, organization.id)).toMatchObject({ threads: left, messages: left * MESSAGES })
})
