import { Arg, Args, Ctx, ID, Query, Resolver } from 'type-graphql'
import { byCreation, toConnection } from '../../platform/graphql/connection.type.js'
import { PageArgs } from '../../platform/graphql/page.arguments.js'
import { readPage } from '../../platform/graphql/page.js'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { AdministrationService } from './administration.service.js'
import { AuditEventArgs, AuditEventConnection } from './audit.event.type.js'
import { ParkedEffectConnection, RetryEffectPayload } from './parked.effect.type.js'

/** GraphQL face of administration; every rule lives in AdministrationService. */
@Resolver()
export class AdministrationResolver {
  constructor(private readonly administration: AdministrationService) {}

  @Query(() => AuditEventConnection, {
    nullable: true,
    complexity: 20,
    description:
      'Audit events of an organization, newest first. Needs OWNER or ADMIN of it. Every mutation writes one event, with the ids of its request.',
  })
  async auditEvents(
    @Args(() => AuditEventArgs) { organizationId, action, actor, target, ...pageArgs }: AuditEventArgs,
    @Ctx() { viewer }: Context,
  ): Promise<AuditEventConnection> {
    const page = readPage(pageArgs)
    const filter = { action, actor, target }
    const rows = await this.administration.listAuditEvents(viewer, organizationId ?? null, filter, page)
    return toConnection(rows, page, byCreation)
  }

  @Query(() => ParkedEffectConnection, {
    nullable: true,
    description:
      'Effects outside the database that are no longer retried, most recently parked first. Needs OWNER or ADMIN of the organization.',
  })
  async parkedEffects(
    @Arg('organizationId', () => ID, { description: 'Starts with `org_`.' }) organizationId: string,
    @Args(() => PageArgs) pageArgs: PageArgs,
    @Ctx() { viewer }: Context,
  ): Promise<ParkedEffectConnection> {
    const page = readPage(pageArgs)
    const rows = await this.administration.listParkedEffects(viewer, organizationId, page)
    return toConnection(rows, page, ({ parkedAt, id }) => ({ rank: parkedAt?.getTime() ?? 0, id }))
  }

  @IdempotentMutation(() => RetryEffectPayload, {
    description:
      'Retries a parked effect, with as many attempts as a new one. Needs OWNER or ADMIN of its organization. RESOURCE_NOT_FOUND once it has succeeded, CONFLICT if it is not parked.',
  })
  async retryEffect(
    @Arg('effectId', () => ID, { description: "The effect's id." }) effectId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RetryEffectPayload> {
    return { effect: await this.administration.retryEffect(viewer, effectId) }
  }
}
