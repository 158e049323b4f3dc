import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
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
      'Compares all that is stored of a space with its messages, exactly. It locks nothing, and takes about ten seconds for a million messages; what changes meanwhile may be counted as it was or as it is. Needs what deleteSpace needs.',
  })
  spaceHealth(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Ctx() { viewer }: Context,
  ): Promise<SpaceHealth> {
    return this.health.get(viewer, spaceId)
  }

  @Mutation(() => RepairSpacePayload, {
    nullable: true,
    complexity: 1000,
    description:
      'Brings a space back to what spaceHealth expects: removes what belongs nowhere, has messages without vectors embedded again, corrects counters, and wakes links that no worker would take. It goes link by link, each in a short transaction with at most 10,000 vectors and 1,000 messages, so that no link waits for long; called again, it goes on where it was cut short, and changes nothing in a healthy space. Needs what deleteSpace needs.',
  })
  async repairSpace(
    @Arg('spaceId', () => ID, SPACE_ID) spaceId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RepairSpacePayload> {
    return { spaceId, ...(await this.repairs.repair(viewer, spaceId)) }
  }
}
