import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { TestClient } from '../../support/client.js'
import { expectCurrentVectors } from '../../support/current.vectors.js'
import { EDIT_MESSAGE } from '../../support/documents.js'
import { expectSoundRest } from '../../support/rest.js'
import type { SeededLink } from '../../support/seed.js'
import { edit, embeddedLink, idOf, numbered, remove, vectorsOf } from './message.changes.fixture.js'

let app: TestApp

beforeAll(async () => {
  app = await startTestApp()
})
afterEach(async () => {
  app.embedder.resume()
  await expectSoundRest(app.pool)
  await expectCurrentVectors(app.pool)
  app.embedder.refuse(() => false)
})
afterAll(() => app[Symbol.asyncDispose]())

async function readBackfill(owner: TestClient, id: string) {
  return (await owner.must('Backfill', { id })).backfill
}

async function search({ owner, space }: SeededLink, query: string): Promise<string[]> {
  const { searchSpace } = await owner.must('SearchSpace', { spaceId: space.id, query })
  return searchSpace.edges.map(({ node }: { node: { content: string } }) => node.content)
}

describe('a message of a space that is complete', () => {
  test('is found by what it says now and no more by what it said, from the reply to its edit on', async () => {
    const link = await embeddedLink(app, ['apples pears', 'rivers lakes'])
    app.embedder.refuse((text) => text === 'engines wheels')

    await edit(link.thread, 0, 'engines wheels')

    expect(await vectorsOf(app, idOf(link.thread, 0))).toBe(0)
    expect(await search(link, 'apples pears')).toEqual(['rivers lakes'])
    app.embedder.refuse(() => false)
    await edit(link.thread, 0, 'mountains valleys')
    await expectSoundRest(app.pool)
    expect((await search(link, 'mountains valleys'))[0]).toBe('mountains valleys')
  })

  test('that is deleted is found no more, and the space counts its vectors no more', async () => {
    const link = await embeddedLink(app, [`gone ${'long words '.repeat(600)}`, 'kept words'])
    expect(await vectorsOf(app, idOf(link.thread, 0))).toBeGreaterThan(1)

    await remove(link.thread, 0)

    const { space } = await link.owner.must('Space', { id: link.space.id })
    expect(space.vectorCount).toBe(1)
    expect(await search(link, 'gone long words')).toEqual(['kept words'])
  })

  test('has no vector more than it needs when its text has become shorter, and none without a text', async () => {
    const { thread } = await embeddedLink(app, ['long words '.repeat(600), 'some words'])

    await edit(thread, 0, 'short words')
    await edit(thread, 1, '')
    await expectSoundRest(app.pool)

    expect(await vectorsOf(app, idOf(thread, 0))).toBe(1)
    expect(await vectorsOf(app, idOf(thread, 1))).toBe(0)
  })

  test('that the embedder refused is embedded once it is edited, and no longer a failure', async () => {
    app.embedder.refuse((text) => text.startsWith('poison'))
    const { owner, thread, backfillId } = await embeddedLink(app, ['poison', 'words'])
    expect(await readBackfill(owner, backfillId)).toMatchObject({ embedded: 1, failed: 1 })

    await edit(thread, 0, 'a cure')
    await expectSoundRest(app.pool)

    expect(await vectorsOf(app, idOf(thread, 0))).toBe(1)
    expect(await owner.run('RetryBackfill', { backfillId })).toFailWith({
      code: 'CONFLICT',
      systemMessage: 'Nothing to retry',
    })
  })

  test('that is edited into what the embedder refuses is a failure, which a retry takes', async () => {
    const { owner, thread, backfillId } = await embeddedLink(app, ['words', 'other words'])
    app.embedder.refuse((text) => text.startsWith('poison'))
    await edit(thread, 0, 'poison')
    await expectSoundRest(app.pool)
    expect(await vectorsOf(app, idOf(thread, 0))).toBe(0)
    app.embedder.refuse(() => false)

    const { retryBackfill } = await owner.must('RetryBackfill', { backfillId })

    const last = await app.seed.embedded(owner, retryBackfill.backfill.id)
    expect(last).toMatchObject({ status: 'COMPLETED', total: 1, embedded: 1 })
  })

  test('is embedded in its final state, however often it is edited while a worker writes', async () => {
    const { owner, thread } = await embeddedLink(app, numbered('steady', 6))

    for (let round = 0; round < 8; round++) {
      const edits = numbered(`round ${round} version`, 5).map((content, index) => ({
        messageId: idOf(thread, index % 2),
        content,
      }))
      await Promise.all(edits.map((variables) => owner.must(EDIT_MESSAGE, variables)))
    }

    await expectSoundRest(app.pool)
    await expectCurrentVectors(app.pool)
  })
})

test('a thread that is added to twenty spaces at once, and changed meanwhile, is in each in its final state', async () => {
  const organization = await app.seed.organization()
  const thread = await app.seed.thread({ organization, messages: numbered('spread', 10) })
  const spaces = await Promise.all(Array.from({ length: 20 }, () => app.seed.space(organization)))

  const [backfillIds] = await Promise.all([
    Promise.all(spaces.map((space) => app.seed.link(space, thread))),
    ...[0, 1, 2, 0, 1].map((index, version) => edit(thread, index, `changed ${version}`)),
    remove(thread, 9),
  ])
  for (const id of backfillIds) {
    const { status, total, embedded, skipped } = await app.seed.embedded(organization.owner, id)
    expect({ status, all: embedded + skipped }).toEqual({ status: 'COMPLETED', all: total })
  }
  await Promise.all([edit(thread, 4, 'changed at rest'), remove(thread, 5)])
  expect(await vectorsOf(app, idOf(thread, 5))).toBe(0)
  await expectSoundRest(app.pool)

  expect(await vectorsOf(app, idOf(thread, 4))).toBe(20)
  for (const { id } of spaces) {
    expect((await organization.owner.must('Space', { id })).space.vectorCount).toBe(8)
  }
})
