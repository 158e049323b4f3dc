import type { Statement, Transaction } from '../../platform/database.js'
import { can } from '../access/access.policy.js'
import type { OrganizationAccessRow } from '../access/access.sql.js'
import type { Viewer } from '../access/viewer.js'
import type { Candidate } from './import.candidate.js'
import { type ImportTarget, lockProjects, selectMembers } from './import.sql.js'

/**
 * Lets threads keep the project and the owner they had, as far as the importer may: a project of this organization,
 * and a member of it where the importer administers it. Nobody gives a thread to a stranger. What does not hold is
 * taken off. Holds the projects: they stay until the threads are in them.
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

/** What the thread, as it is now, does not have of where it was. */
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
