import type { TestApp } from '../../support/app.js'
import {
  inOrganization,
  KEPT_IN_ORGANIZATION,
  type MutationEntry,
  OWN,
  type PreparedCall,
  type Variables,
} from './mutation.worlds.js'

const invited = async ({ seed }: TestApp): Promise<PreparedCall> => {
  const organization = await seed.organization()
  const caller = await seed.invited(organization)
  await caller.must('Viewer')
  return { caller, variables: { organizationId: organization.id } }
}

const withMember = async ({ seed }: TestApp, variables: Variables): Promise<PreparedCall> => {
  const organization = await seed.organization()
  const { userId } = await seed.member(organization)
  return { caller: organization.owner, variables: { organizationId: organization.id, userId, ...variables } }
}

/** Mutations of organizations and their members. */
export const ORGANIZATION_MUTATIONS: Readonly<Record<string, MutationEntry>> = {
  acceptMembership: {
    action: 'organization.membership-accepted',
    replay: KEPT_IN_ORGANIZATION,
    prepare: invited,
  },
  addOrganizationMember: {
    action: 'organization.member-added',
    replay: KEPT_IN_ORGANIZATION,
    prepare: (app) =>
      inOrganization(app, (id) => ({ organizationId: id, userId: 'user_ann', role: 'MEMBER' })),
  },
  createOrganization: {
    action: 'organization.created',
    replay: KEPT_IN_ORGANIZATION,
    prepare: (app) => inOrganization(app, () => ({ name: 'Another' })),
    refused: { name: '' },
  },
  declineMembership: {
    action: 'organization.membership-declined',
    replay: OWN,
    prepare: invited,
  },
  leaveOrganization: { action: 'organization.member-left', replay: OWN, prepare: invited },
  openPersonalOrganization: {
    action: 'organization.personal-opened',
    replay: OWN,
    prepare: async ({ seed }) => {
      const caller = await seed.user()
      await caller.must('CreateThread', { input: {} })
      return { caller, variables: {} }
    },
    refused: { idempotencyKey: '' },
  },
  removeOrganizationMember: {
    action: 'organization.member-removed',
    replay: KEPT_IN_ORGANIZATION,
    prepare: (app) => withMember(app, {}),
  },
  updateOrganizationMember: {
    action: 'organization.member-updated',
    replay: KEPT_IN_ORGANIZATION,
    prepare: (app) => withMember(app, { role: 'ADMIN' }),
  },
}
