import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { SpaceHealthService } from './space.health.service.js'
import { RepairSpacePayload, SpaceHealth } from './space.health.type.js'
import type { SpaceRepair } from './space.repair.js'

const SPACE_ID = { description: "The space's id." }

/** GraphQL face of looking after spaces; every rule lives in SpaceHealthService and SpaceRepair. */
@Resolver()
export class SpaceHealthResolver {
  constructor(
    private readonly health: SpaceHealthService,
    private readonly repairs: SpaceRepair,
  ) {}

  @Query(() => SpaceHealth, {
    nullable: true,
    complexity: 500,
    description:
      "Compares a space's vectors, counters and links with its messages, exactly. Takes no locks, and about ten seconds for a million messages; concurrent changes may be counted before or after. Needs manage access, as deleteSpace does.",
  })
  spaceHealth(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Ctx() { viewer }: Context,
  ): Promise<SpaceHealth> {
    return this.health.get(viewer, spaceId)
  }

  @IdempotentMutation(() => RepairSpacePayload, {
    complexity: 1000,
    description:
      'Repairs what spaceHealth reports: removes surplus vectors, re-embeds messages without vectors, corrects counters, and makes links available to workers. Works link by link, in short transactions of at most 10,000 vectors and 1,000 messages, so that no link is locked for long. Idempotent: a repeated call continues an interrupted repair, and changes nothing in a healthy space. Needs manage access, as deleteSpace does.',
  })
  async repairSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RepairSpacePayload> {
    return { spaceId, ...(await this.repairs.repair(viewer, spaceId)) }
  }
}
