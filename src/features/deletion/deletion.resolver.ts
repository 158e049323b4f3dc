import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql'
import { DeletionMode } from '../../generated/prisma/enums.js'
import type { Context } from '../access/context.js'
import type { BulkDeletionService } from './bulk.deletion.service.js'
import type { DeletionService } from './deletion.service.js'
import {
  DeleteAllThreadsPayload,
  DeleteThreadPayload,
  RestoreThreadPayload,
  RestoreThreadsPayload,
  ThreadDeletionPreview,
} from './deletion.type.js'
import type { RestorationService } from './restoration.service.js'

const THREAD_ID = { description: "The thread's id." }
const IDEMPOTENCY_KEY = {
  nullable: true,
  description:
    '1 to 255 characters, kept for 24 hours: the same key with the same arguments gives the first reply again, with other arguments CONFLICT.',
}

/** GraphQL face of deletion; every rule lives in the services. */
@Resolver()
export class DeletionResolver {
  constructor(
    private readonly deletion: DeletionService,
    private readonly bulkDeletion: BulkDeletionService,
    private readonly restoration: RestorationService,
  ) {}

  @Mutation(() => DeleteThreadPayload, {
    nullable: true,
    description:
      "Deletes a thread with its messages, agent runs, links and vectors in every space; with a permanent deletion its project goes too when it was the last thread of it, and the project's sandbox. Needs write access. A second deletion gets RESOURCE_NOT_FOUND.",
  })
  deleteThread(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Arg('mode', () => DeletionMode, {
      nullable: true,
      description: 'Whether it can be undone. Default: PERMANENT.',
    })
    mode: DeletionMode | null,
    @Arg('idempotencyKey', () => String, IDEMPOTENCY_KEY) idempotencyKey: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteThreadPayload> {
    return this.deletion.deleteThread(viewer, {
      threadId,
      mode: mode ?? 'PERMANENT',
      idempotencyKey: idempotencyKey ?? null,
    })
  }

  @Query(() => ThreadDeletionPreview, {
    nullable: true,
    description: 'What a permanent deletion would do, without doing it. Needs write access.',
  })
  threadDeletionPreview(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<ThreadDeletionPreview> {
    return this.deletion.preview(viewer, threadId)
  }

  @Mutation(() => DeleteAllThreadsPayload, {
    nullable: true,
    description:
      "Soft-deletes all of the caller's own threads, and nobody else's. Threads that are made after its start stay.",
  })
  deleteAllThreads(
    @Arg('organizationId', () => ID, {
      nullable: true,
      description:
        'Only those of this organization; must start with `org_`; a foreign one has none. Left out: of all organizations. An explicit null is a VALIDATION_ERROR.',
    })
    organizationId: string | null | undefined,
    @Arg('idempotencyKey', () => String, IDEMPOTENCY_KEY) idempotencyKey: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteAllThreadsPayload> {
    return this.bulkDeletion.deleteAll(viewer, organizationId, idempotencyKey ?? null)
  }

  @Mutation(() => RestoreThreadPayload, {
    nullable: true,
    description:
      'Brings a soft-deleted thread back, into its spaces too. Needs write access. CONFLICT after its restoreUntil, QUOTA_EXCEEDED at the thread limit.',
  })
  async restoreThread(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RestoreThreadPayload> {
    return { thread: await this.restoration.restoreThread(viewer, threadId) }
  }

  @Mutation(() => RestoreThreadsPayload, {
    nullable: true,
    description:
      'Brings back what one deletion of the caller took. CONFLICT after its restoreUntil, QUOTA_EXCEEDED at the thread limit, and then nothing is restored.',
  })
  restoreThreads(
    @Arg('batchId', () => ID, { description: 'The batchId that deleteAllThreads gave.' }) batchId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RestoreThreadsPayload> {
    return this.restoration.restoreThreads(viewer, batchId)
  }
}
