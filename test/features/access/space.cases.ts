import type { TestApp } from '../../support/app.js'
import {
  CANCEL_REEMBEDDING,
  GRANT_TO_ROLE,
  REEMBED_SPACE,
  REPAIR_SPACE,
  REVOKE_FROM_ROLE,
} from '../../support/documents.js'
import type { Seeded } from '../../support/seed.js'
import { administrators, type MutationCase, threadOf } from './mutation.case.js'

/** Who may do what to a space, its threads and its backfills. */

/** A second model that the server has. */
export const OTHER_MODEL = { model: 'other-words@1', dimensions: 32 }

async function spaceOf(app: TestApp, organization: Seeded) {
  const space = await app.seed.space(organization, 'ORGANIZATION')
  return { spaceId: space.id }
}

async function linkOf(app: TestApp, organization: Seeded) {
  const [space, thread] = [await spaceOf(app, organization), await threadOf(app, organization)]
  const { addThreadToSpace } = await organization.owner.must('AddThreadToSpace', { ...space, ...thread })
  return { ...space, ...thread, backfillId: addThreadToSpace.backfill.id as string }
}

export const SPACE_MUTATIONS: Record<string, MutationCase> = {
  deleteSpace: { document: 'DeleteSpace', prepare: spaceOf, says: administrators('Manage', 'Space') },
  grantSpaceAccess: {
    document: 'GrantSpaceAccess',
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      userId: 'user_amy',
      role: 'VIEWER',
    }),
    says: administrators('Manage', 'Space'),
  },
  revokeSpaceAccess: {
    document: 'RevokeSpaceAccess',
    prepare: async (app, organization) => ({ ...(await spaceOf(app, organization)), userId: 'user_amy' }),
    says: administrators('Manage', 'Space'),
  },
  grantSpaceAccessToRole: {
    document: GRANT_TO_ROLE,
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      organizationRole: 'VIEWER',
      role: 'VIEWER',
    }),
    says: administrators('Manage', 'Space'),
  },
  revokeSpaceAccessFromRole: {
    document: REVOKE_FROM_ROLE,
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      organizationRole: 'VIEWER',
    }),
    says: administrators('Manage', 'Space'),
  },
  reembedSpace: {
    document: REEMBED_SPACE,
    prepare: reembeddableOf,
    says: administrators('Manage', 'Space'),
  },
  cancelReembedding: {
    document: CANCEL_REEMBEDDING,
    prepare: async (app, organization) => {
      const variables = await reembeddableOf(app, organization)
      const { reembedSpace } = await organization.owner.must(REEMBED_SPACE, variables)
      return { reembeddingId: reembedSpace.reembedding.id }
    },
    says: administrators('Manage', 'Reembedding'),
  },
  repairSpace: { document: REPAIR_SPACE, prepare: spaceOf, says: administrators('Manage', 'Space') },
  addThreadToSpace: {
    document: 'AddThreadToSpace',
    prepare: async (app, organization) => ({
      ...(await spaceOf(app, organization)),
      ...(await threadOf(app, organization)),
    }),
    says: administrators('Edit', 'Thread'),
  },
  removeThreadFromSpace: {
    document: 'RemoveThreadFromSpace',
    prepare: linkOf,
    says: administrators('Edit', 'Space'),
  },
  cancelBackfill: {
    document: 'CancelBackfill',
    prepare: async (app, organization) => pick(await linkOf(app, organization)),
    says: administrators('Edit', 'Backfill'),
  },
  retryBackfill: {
    document: 'RetryBackfill',
    prepare: async (app, organization) => {
      const backfill = pick(await linkOf(app, organization))
      await organization.owner.must('CancelBackfill', backfill)
      return backfill
    },
    says: administrators('Edit', 'Backfill'),
  },
}

/** With a thread that nobody embeds, so that it is at work until it is canceled. */
async function reembeddableOf(app: TestApp, organization: Seeded) {
  const { spaceId } = await linkOf(app, organization)
  return { spaceId, model: OTHER_MODEL.model }
}

function pick({ backfillId }: { backfillId: string }) {
  return { backfillId }
}
