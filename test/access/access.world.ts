import { randomUUID } from 'node:crypto'
import type { TestApp } from '../support/app.js'
import type { TestClient } from '../support/client.js'
import { CANCEL_REEMBEDDING, FINISH_AGENT_RUN, REEMBED_SPACE, SET_LEGAL_HOLD } from '../support/documents.js'
import type { Seeded } from '../support/seed.js'

/** An organization with one of everything that an operation can name. */

/** A second model that the server has. */
export const OTHER_MODEL = { model: 'other-words@1', dimensions: 32 }

export interface Ids {
  organizationId: string
  projectId: string
  threadId: string
  messageId: string
  agentRunId: string
  spaceId: string
  backfillId: string
  reembeddingId: string
  effectId: string
  batchId: string
  /** of a member that nobody here calls as */
  memberId: string
  /** the creator's */
  apiKeyId: string
}

export const NOT_THERE: Ids = {
  organizationId: 'org_missing',
  projectId: 'proj_missing',
  threadId: 'thrd_missing',
  messageId: 'msg_missing',
  agentRunId: 'run_missing',
  spaceId: 'space_missing',
  backfillId: 'bkfl_missing',
  reembeddingId: 'remb_missing',
  effectId: 'obx_missing',
  batchId: 'del_missing',
  memberId: 'user_missing',
  apiKeyId: 'key_missing',
}

export interface Tenant {
  organization: Seeded
  /** a MEMBER that owns the threads and has created the spaces */
  creator: TestClient
  ids: Ids
  /** with threads and spaces that are soft-deleted, and what belongs to them */
  deleted: Ids
}

/** Users to whom the spaces of a tenant are granted, by their role there. */
export type Granted = Record<'OWNER' | 'EDITOR' | 'VIEWER', TestClient>

/** Nobody embeds here, so that work stays under way. What is refused for its state says that access was given. */
export async function seedTenant(app: TestApp, granted: Granted): Promise<Tenant> {
  const organization = await app.seed.organization()
  const creator = await app.seed.member(organization, 'MEMBER')
  const place = { id: organization.id, owner: creator }
  const project = await app.seed.project(place)
  await app.seed.thread({ organization: place })
  const { deleteAllThreads } = await creator.must('DeleteAllThreads')
  const shared = {
    organizationId: organization.id,
    projectId: project.id,
    batchId: deleteAllThreads.batchId,
    effectId: await parkEffect(app, organization.id),
    memberId: await seedInvited(app, organization),
    apiKeyId: (await app.seed.apiKey(creator, ['threads:read'])).apiKey.id as string,
  }
  const ids = { ...shared, ...(await seedLinked(app, place, granted)) }
  const deleted = { ...shared, ...(await seedLinked(app, place, granted)) }
  await creator.must('DeleteThread', { threadId: deleted.threadId, mode: 'SOFT' })
  await creator.must('DeleteSpace', { spaceId: deleted.spaceId })
  // A second one, so that the space has a backfill at work.
  await app.seed.link(
    { id: ids.spaceId, owner: creator },
    await app.seed.thread({ organization: place, messages: 1 }),
  )
  const held = { threadId: ids.threadId, legalHold: true }
  await organization.owner.must(SET_LEGAL_HOLD, held)
  return { organization, creator, ids, deleted }
}

/** A private space that is granted to others. */
export async function seedSpace(app: TestApp, place: Seeded, granted: Granted): Promise<string> {
  const { id: spaceId } = await app.seed.space(place)
  for (const [role, { userId }] of Object.entries(granted)) {
    await place.owner.must('GrantSpaceAccess', { spaceId, userId, role })
  }
  return spaceId
}

/** A member that has not accepted. @returns its user's id */
export async function seedInvited({ seed }: TestApp, organization: Seeded): Promise<string> {
  const { userId } = await seed.invited(organization)
  return userId as string
}

async function seedLinked(app: TestApp, place: Seeded, granted: Granted) {
  const { owner } = place
  const { id: threadId, messageIds } = await app.seed.thread({ organization: place, messages: 2 })
  const { startAgentRun } = await owner.must('StartAgentRun', { threadId })
  const agentRunId: string = startAgentRun.agentRun.id
  await owner.must(FINISH_AGENT_RUN, { agentRunId, status: 'COMPLETED' })
  const spaceId = await seedSpace(app, place, granted)
  const backfillId = await app.seed.link({ id: spaceId, owner }, { id: threadId, owner })
  const { reembedSpace } = await owner.must(REEMBED_SPACE, { spaceId, model: OTHER_MODEL.model })
  const reembeddingId: string = reembedSpace.reembedding.id
  await owner.must(CANCEL_REEMBEDDING, { reembeddingId })
  return { threadId, messageId: messageIds[0] as string, agentRunId, spaceId, backfillId, reembeddingId }
}

async function parkEffect({ pool }: TestApp, organizationId: string): Promise<string> {
  const id = `obx_${randomUUID()}`
  await pool.query(
    `insert into outbox (id, kind, payload, organization_id, attempts, parked_at)
      values ($1, 'nothing.done', '{}', $2, 8, now())`,
    [id, organizationId],
  )
  return id
}
