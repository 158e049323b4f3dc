import { Arg, Ctx, ID, Resolver } from 'type-graphql'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { ImportService } from './import.service.js'
import { ImportThreadInput, ImportThreadsPayload } from './import.type.js'

/** GraphQL face of imports; every rule lives in ImportService. */
@Resolver()
export class ImportResolver {
  constructor(private readonly imports: ImportService) {}

  @IdempotentMutation(() => ImportThreadsPayload, {
    complexity: 200,
    description:
      'Imports conversations under their own ids. Idempotent; a thread that cannot be imported is reported, and the others are imported. Needs write access to the organization. QUOTA_EXCEEDED at its thread limit, and nothing is imported then.',
  })
  async importThreads(
    @Arg('organizationId', () => ID, {
      nullable: true,
      description: 'Starts with `org_`. Default: as in createThread.',
    })
    organizationId: string | null,
    @Arg('threads', () => [ImportThreadInput], {
      description:
        '1 to 1,000 threads with up to 1,000 messages and 1,000 agent runs in total; send longer threads in several calls.',
    })
    threads: ImportThreadInput[],
    @Ctx() { viewer }: Context,
  ): Promise<ImportThreadsPayload> {
    return { results: await this.imports.import(viewer, organizationId ?? null, threads) }
  }
}
