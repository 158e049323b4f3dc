import type { Statement, Transaction } from '../../platform/database/database.js'
import { can } from '../access/access.policy.js'
import type { OrganizationAccessRow } from '../access/access.sql.js'
import type { Viewer } from '../access/viewer.js'
import type { Candidate } from './import.candidate.js'
import { type ImportTarget, lockProjects, selectMembers } from './import.sql.js'

/**
 * Keeps the original project and owner of threads where the importer may: a project of this organization, and an owner who
 * is a member, if the importer administers it. Others are dropped. Locks the projects until the threads are in them.
 */
export async function placeThreads(
  tx: Transaction,
  viewer: Viewer,
  organization: OrganizationAccessRow,
  candidates: readonly Candidate[],
): Promise<void> {
  const threads = candidates.flatMap(({ thread, error }) => (thread && !error ? [thread] : []))
  const projects = await findAll(
    tx,
    threads.map(({ projectId }) => projectId),
    (ids) => lockProjects(organization.id, ids),
  )
  const strangers = threads.map(({ ownerId }) => (ownerId === viewer.userId ? null : ownerId))
  const mayGive = can(viewer, 'manage', { ...organization, kind: 'organization' })
  const members = await findAll(tx, mayGive ? strangers : [], (ids) => selectMembers(organization.id, ids))
  for (const thread of threads) {
    if (thread.projectId !== null && !projects.has(thread.projectId)) thread.projectId = null
    if (!members.has(thread.ownerId)) thread.ownerId = viewer.userId
  }
}

/** Which of its original references the thread, as it is now, does not have. */
export function tellNotRestored(candidate: Candidate, { ownerId, projectId }: ImportTarget): void {
  const { origin, notRestored } = candidate
  if (origin.projectId !== null && origin.projectId !== projectId) notRestored.push('PROJECT')
  if (origin.ownerId !== null && origin.ownerId !== ownerId) notRestored.push('OWNER')
}

async function findAll(
  tx: Transaction,
  ids: readonly (string | null)[],
  select: (ids: readonly string[]) => Statement<{ id: string }>,
): Promise<Set<string>> {
  const wanted = new Set(ids.filter((id) => id !== null))
  if (wanted.size === 0) return new Set()
  return new Set((await tx.query(select([...wanted]))).map(({ id }) => id))
}
