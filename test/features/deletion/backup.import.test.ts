import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GraphqlClient } from '../../../src/commands/graphql.client.js'
import { importFiles } from '../../../src/commands/import.js'
import { MemoryOutput } from '../../commands/memory.output.js'
import { startTestApp, type TestApp } from '../../support/app.js'
import type { Json } from '../../support/client.js'
import { expectInvariants } from '../../support/invariants.js'
import type { Seeded, SeededThread } from '../../support/seed.js'
import { deleteWithBackup } from './backup.fixture.js'

const API_KEY = 'hdl_key_that_imports_a_backup'

let app: TestApp
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'heddle-backups-'))
  app = await startTestApp({ environment: { BACKUP_DIR: directory, BOOTSTRAP_API_KEY: API_KEY } })
})
afterAll(async () => {
  await app[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const IMPORT = `mutation ($organizationId: ID!, $threads: [ImportThreadInput!]!) {
  importThreads(organizationId: $organizationId, threads: $threads) {
    results { threadId status importedMessageCount error { code } }
  }
}`

/** @returns the file that it left */
async function backUp(thread: SeededThread, mode: 'SOFT' | 'PERMANENT' = 'PERMANENT'): Promise<string> {
  const before = new Set(await readdir(directory))
  await deleteWithBackup(thread, { mode })
  const [name = ''] = (await readdir(directory)).filter((entry) => !before.has(entry))
  return join(directory, name)
}

async function importFile(file: string, organizationId: string) {
  const output = new MemoryOutput()
  const request = { files: [file], organizationId, space: null }
  const client = new GraphqlClient(app.url, API_KEY)
  return { summary: await importFiles(client, request, output, new AbortController().signal), output }
}

/** All that a backup holds of a thread, as the database has it. */
async function storedOf(threadId: string): Promise<Json> {
  const { rows } = await app.pool.query(
    `select t.id, t.title, t.metadata, t.created_at, t.organization_id, t.message_count, t.last_message_id,
       (select json_agg(row(m.id, m.role, m.content, m.created_at) order by m.sequence) from message m
         where m.thread_id = t.id) as messages,
       (select json_agg(row(r.id, r.status, r.started_at, r.finished_at) order by r.id) from agent_run r
         where r.thread_id = t.id) as runs
     from thread t where t.id = $1`,
    [threadId],
  )
  return rows[0]
}

async function openOrganization(): Promise<Seeded> {
  return app.seed.organization(app.withApiKey(API_KEY))
}

async function placeOf({ id, owner }: SeededThread): Promise<Json> {
  const query = 'query ($id: ID!) { thread(id: $id) { owner { id } project { id } } }'
  return (await owner.must(query, { id })).thread
}

async function seedRun(thread: SeededThread, status?: string): Promise<void> {
  const { startAgentRun } = await thread.owner.must('StartAgentRun', { threadId: thread.id })
  if (!status) return
  const finish = `mutation ($id: ID!, $status: AgentRunStatus!) {
    finishAgentRun(agentRunId: $id, status: $status) { agentRun { id } }
  }`
  await thread.owner.must(finish, { id: startAgentRun.agentRun.id, status })
}

test('a backup brings the thread back with all ids, times, messages, agent runs and metadata it had', async () => {
  const organization = await openOrganization()
  const texts = ['', 'größer 🧵', ...Array.from({ length: 1_500 }, (_, index) => `message ${index}`)]
  const thread = await app.seed.thread({ organization, messages: texts })
  const metadata = { customMetadata: { tags: { team: 'blue' } }, extra: { source: 'web' } }
  await app.pool.query('update thread set metadata = $2 where id = $1', [thread.id, JSON.stringify(metadata)])
  await seedRun(thread)
  await seedRun(thread, 'FAILED')
  const before = await storedOf(thread.id)
  const file = await backUp(thread)
  expect(await storedOf(thread.id)).toBeUndefined()

  const { summary } = await importFile(file, organization.id)

  expect(summary).toMatchObject({ conversations: 1, imported: 1, messages: 1_502, failed: 0, badLines: 0 })
  expect(await storedOf(thread.id)).toEqual(before)
  expect((await importFile(file, organization.id)).summary).toMatchObject({ unchanged: 1, messages: 0 })
  expect(await storedOf(thread.id)).toEqual(before)
  await expectInvariants(app.pool)
})

test('a backup brings the thread back into its project and to its owner, as far as they are still there', async () => {
  const organization = await openOrganization()
  const owner = await app.seed.member(organization)
  const project = await app.seed.project(organization)
  const [thread, last] = [
    await app.seed.thread({ organization, owner, project, messages: 1 }),
    await app.seed.thread({ organization, owner, project, messages: 1 }),
  ]
  const kept = await backUp(thread)
  await importFile(kept, organization.id)
  expect(await placeOf(thread)).toEqual({ owner: { id: owner.userId }, project: { id: project.id } })

  await thread.owner.must('DeleteThread', { threadId: thread.id })
  const { output } = await importFile(await backUp(last), organization.id)

  expect(await placeOf(last)).toEqual({ owner: { id: owner.userId }, project: null })
  expect(output.text).toContain(`${last.id}: imported without its project ${project.id}\n`)
  await expectInvariants(app.pool)
})

test('a thread that is deleted, but can be restored, is in the way of its backup', async () => {
  const organization = await openOrganization()
  const thread = await app.seed.thread({ organization, messages: 2 })
  const file = await backUp(thread, 'SOFT')

  const { summary, output } = await importFile(file, organization.id)

  expect(summary).toMatchObject({ imported: 0, failed: 1 })
  expect(output.text).toContain(`${thread.id}: CONFLICT`)
})

test('a thread whose long deletion is under way is in the way of its backup', async () => {
  const organization = await openOrganization()
  const thread = await app.seed.thread({ organization, messages: 2 })
  const file = await backUp(thread, 'SOFT')
  await app.pool.query(
    `update deletion_batch set mode = 'PERMANENT', state = 'PURGING', purge_after = null where thread_id = $1`,
    [thread.id],
  )

  const { summary, output } = await importFile(file, organization.id)

  expect(summary).toMatchObject({ imported: 0, failed: 1 })
  expect(output.text).toContain(`${thread.id}: CONFLICT`)
})

test('an agent run that is imported again, or is of another thread, is left alone', async () => {
  const organization = await openOrganization()
  const startedAt = '2024-05-01T10:00:00.000Z'
  const importRuns = async (id: string, ...agentRuns: Json[]) => {
    const threads = [{ id, messages: [], agentRuns }]
    const { importThreads } = await organization.owner.must(IMPORT, {
      organizationId: organization.id,
      threads,
    })
    return importThreads.results[0]
  }
  const run = { id: 'run-1', status: 'COMPLETED', startedAt, finishedAt: startedAt }

  expect(await importRuns('thread-1', run)).toMatchObject({ status: 'IMPORTED' })
  expect(await importRuns('thread-1', run)).toMatchObject({ status: 'UNCHANGED' })
  expect(await importRuns('thread-1', { ...run, id: 'run-2' })).toMatchObject({ status: 'IMPORTED' })
  expect(await importRuns('thread-2', run)).toMatchObject({ status: 'IMPORTED' })
  expect((await storedOf('thread-1')).runs).toHaveLength(2)
  expect((await storedOf('thread-2')).runs).toBeNull()
})

test.each([
  { status: 'RUNNING', finishedAt: '2024-05-01T10:00:00.000Z' },
  { status: 'FAILED', finishedAt: null },
])('an agent run that contradicts itself is refused with its thread: %j', async (fields) => {
  const organization = await openOrganization()
  const run = { id: 'run-3', startedAt: '2024-05-01T10:00:00.000Z', ...fields }
  const threads = [{ id: 'thread-3', messages: [], agentRuns: [run] }]
  const { importThreads } = await organization.owner.must(IMPORT, {
    organizationId: organization.id,
    threads,
  })

  expect(importThreads.results).toMatchObject([{ status: 'FAILED', error: { code: 'VALIDATION_ERROR' } }])
})
