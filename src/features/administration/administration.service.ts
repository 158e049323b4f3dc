import type { Database, Transaction } from '../../platform/database/database.js'
import { conflict, notFound } from '../../platform/errors.js'
import type { Page } from '../../platform/graphql/page.js'
import { requireId } from '../../platform/ids.js'
import type { Outbox } from '../../platform/outbox/outbox.js'
import { hidden, requireOrganization } from '../access/access.js'
import { requireAllowed } from '../access/access.policy.js'
import { mutate } from '../access/mutation.js'
import type { Viewer } from '../access/viewer.js'
import { recordAudit } from '../audit/audit.trail.js'
import { type AuditEventRecord, type AuditFilter, listAuditEvents } from './audit.event.sql.js'
import {
  type EffectAccessRow,
  type EffectRecord,
  listParkedEffects,
  selectEffect,
  selectEffectAccess,
} from './parked.effect.sql.js'

/** For administrators of an organization: its audit trail and its parked effects. */
export class AdministrationService {
  constructor(
    private readonly db: Database,
    private readonly outbox: Outbox,
  ) {}

  /** Without an organization: the events that the viewer caused, in any organization. */
  async listAuditEvents(
    viewer: Viewer,
    organizationId: string | null,
    filter: AuditFilter,
    page: Page,
  ): Promise<AuditEventRecord[]> {
    if (organizationId === null) {
      return this.db.query(listAuditEvents({ actorId: viewer.userId }, filter, page))
    }
    await requireOrganization(this.db, viewer, 'manage', organizationId)
    return this.db.query(listAuditEvents({ organizationId }, filter, page))
  }

  async listParkedEffects(viewer: Viewer, organizationId: string, page: Page): Promise<EffectRecord[]> {
    await requireOrganization(this.db, viewer, 'manage', organizationId)
    return this.db.query(listParkedEffects(organizationId, page))
  }

  /** Of two concurrent retries of one effect, the second finds it no longer parked. */
  async retryEffect(viewer: Viewer, effectId: string): Promise<EffectRecord> {
    requireId('effectId', effectId)
    const { effect } = await mutate(this.db, viewer, {
      require: (tx) => requireEffect(tx, viewer, effectId),
      work: (tx, access) => this.#retry(tx, viewer, effectId, access),
      // The effect may have succeeded by now, and its row is gone.
      requireReply: (tx, { organizationId }) =>
        hidden('Effect', { effectId }, requireOrganization(tx, viewer, 'manage', organizationId)),
    })
    return effect
  }

  async #retry(tx: Transaction, viewer: Viewer, effectId: string, { kind, organizationId }: EffectAccessRow) {
    if (!(await this.outbox.retryParked(tx, effectId))) {
      throw conflict(
        'The effect is not parked: it is running, waiting for its next attempt, or done.',
        'Effect not parked',
        { effectId },
      )
    }
    await recordAudit(tx, viewer, {
      action: 'effect.retried',
      targetType: 'effect',
      targetId: effectId,
      organizationId,
      details: { kind },
    })
    const [effect] = await tx.query(selectEffect(effectId))
    return { effect: effect as EffectRecord, organizationId }
  }
}

async function requireEffect(tx: Transaction, viewer: Viewer, effectId: string): Promise<EffectAccessRow> {
  const [access] = await tx.query(selectEffectAccess(viewer.userId, effectId))
  if (!access) throw notFound('Effect', { effectId })
  const { organizationId, role } = access
  requireAllowed(viewer, 'manage', { kind: 'organization', id: organizationId, role })
  return access
}
