import { Arg, Ctx, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql'
import { DeletionMode } from '../../generated/prisma/enums.js'
import type { Context } from '../access/context.js'
import { type SubscriptionSources, sourceOf } from '../access/subscription.source.js'
import type { DeletionBatchRecord } from '../purge/deletion.batch.sql.js'
import type { BulkDeletionService } from './bulk.deletion.service.js'
import { DeleteAllThreadsPayload, ThreadsDeletionPreview } from './bulk.deletion.type.js'
import { DeletionProgress, toDeletionProgress } from './deletion.progress.type.js'
import type { DeletionService } from './deletion.service.js'
import { DeleteThreadPayload, ThreadDeletionPreview } from './deletion.type.js'
import type { DeletionWatcher } from './deletion.watcher.js'
import type { LegalHoldService } from './legal.hold.service.js'
import type { RestorationService } from './restoration.service.js'
import { RestoreThreadPayload, RestoreThreadsPayload, SetLegalHoldPayload } from './restoration.type.js'

const THREAD_ID = { description: "The thread's id." }
const ORGANIZATION_SCOPE = {
  nullable: true,
  description:
    'Only those of this organization; must start with `org_`; a foreign one has none. Left out: of all organizations. An explicit null is a VALIDATION_ERROR.',
}

/** GraphQL face of deletion; every rule lives in the services. */
@Resolver()
export class DeletionResolver {
  constructor(
    private readonly deletion: DeletionService,
    private readonly bulkDeletion: BulkDeletionService,
    private readonly restoration: RestorationService,
    private readonly legalHolds: LegalHoldService,
  ) {}

  @Mutation(() => DeleteThreadPayload, {
    nullable: true,
    complexity: 50,
    description:
      "Deletes a thread, PERMANENTLY unless mode says SOFT, with its messages, agent runs, links and vectors in every space; with a permanent deletion its project goes too when it was the last thread of it, and the project's sandbox. Needs write access. A second deletion gets RESOURCE_NOT_FOUND.",
  })
  deleteThread(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Arg('mode', () => DeletionMode, {
      defaultValue: DeletionMode.PERMANENT,
      description:
        'Whether it can be undone. LEFT OUT, IT IS PERMANENT, unlike in deleteAllThreads: pass SOFT for a deletion that restoreThread undoes. An explicit null is a VALIDATION_ERROR, and nothing is deleted.',
    })
    mode: DeletionMode,
    @Arg('backup', () => Boolean, {
      defaultValue: false,
      description:
        'Whether the thread is first written to the backup store, as JSON lines that `npm run import` brings back. An explicit null is a VALIDATION_ERROR. SERVICE_UNAVAILABLE when it cannot be written and read back, CONFLICT when the thread keeps changing meanwhile: then nothing is deleted.',
    })
    backup: boolean,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteThreadPayload> {
    return this.deletion.deleteThread(viewer, { threadId, mode, backup })
  }

  @Query(() => ThreadDeletionPreview, {
    nullable: true,
    complexity: 20,
    description: 'What a permanent deletion would do, without doing it. Needs write access.',
  })
  threadDeletionPreview(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<ThreadDeletionPreview> {
    return this.deletion.preview(viewer, threadId)
  }

  @Query(() => ThreadsDeletionPreview, {
    nullable: true,
    complexity: 100,
    description:
      "What a permanent deletion of all of the caller's own threads would do, and the token that confirms it.",
  })
  threadsDeletionPreview(
    @Arg('organizationId', () => ID, ORGANIZATION_SCOPE) organizationId: string | null | undefined,
    @Ctx() { viewer }: Context,
  ): Promise<ThreadsDeletionPreview> {
    return this.bulkDeletion.preview(viewer, organizationId)
  }

  @Mutation(() => DeleteAllThreadsPayload, {
    nullable: true,
    complexity: 200,
    description:
      "Deletes all of the caller's own threads, SOFTLY unless mode says PERMANENT, and nobody else's. Threads that are made after its start stay. PERMANENT hides them at once and purges them in the background: watch deletionProgress.",
  })
  deleteAllThreads(
    @Arg('organizationId', () => ID, ORGANIZATION_SCOPE) organizationId: string | null | undefined,
    @Arg('mode', () => DeletionMode, {
      defaultValue: DeletionMode.SOFT,
      description:
        'Whether it can be undone. LEFT OUT, IT IS SOFT, unlike in deleteThread. PERMANENT needs a confirmationToken. An explicit null is a VALIDATION_ERROR, and nothing is deleted.',
    })
    mode: DeletionMode,
    @Arg('confirmationToken', () => String, {
      nullable: true,
      description:
        'The token of threadsDeletionPreview, for the same scope. Another, or an old one: CONFLICT.',
    })
    confirmationToken: string | null,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteAllThreadsPayload> {
    return this.bulkDeletion.deleteAll(viewer, {
      organizationId,
      mode,
      confirmationToken: confirmationToken ?? null,
    })
  }

  @Mutation(() => RestoreThreadPayload, {
    nullable: true,
    complexity: 20,
    description:
      'Brings a soft-deleted thread back, into its spaces too. Needs write access. A thread that is live is answered with as it is. CONFLICT after its restoreUntil, QUOTA_EXCEEDED at the thread limit.',
  })
  async restoreThread(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RestoreThreadPayload> {
    return { thread: await this.restoration.restoreThread(viewer, threadId) }
  }

  @Mutation(() => RestoreThreadsPayload, {
    nullable: true,
    complexity: 200,
    description:
      'Brings back what one deletion of the caller took. Called again, it brings back what is still deleted of it: none, and that is no error. CONFLICT after its restoreUntil, QUOTA_EXCEEDED at the thread limit, and then nothing is restored.',
  })
  restoreThreads(
    @Arg('batchId', () => ID, { description: 'The batchId that deleteAllThreads gave.' }) batchId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RestoreThreadsPayload> {
    return this.restoration.restoreThreads(viewer, batchId)
  }

  @Mutation(() => SetLegalHoldPayload, {
    nullable: true,
    description:
      'Keeps a thread from every purge, or lets it go again. Needs OWNER or ADMIN of its organization. A held thread can be hidden, but a permanent deletion of it is a CONFLICT.',
  })
  setLegalHold(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Arg('legalHold', () => Boolean, { description: 'Whether it is to be kept.' }) legalHold: boolean,
    @Ctx() { viewer }: Context,
  ): Promise<SetLegalHoldPayload> {
    return this.legalHolds.set(viewer, threadId, legalHold)
  }

  @Subscription(() => DeletionProgress, {
    description:
      'First how far a deletion of the caller is, then each change, at most 10 a second, then its end, and then the stream completes.',
    ...sourceOf('deletionProgress'),
  })
  deletionProgress(
    @Arg('batchId', () => ID, {
      nullable: true,
      description: 'The batchId of a deletion: this, or threadId.',
    })
    _batchId: string | null,
    @Arg('threadId', () => ID, {
      nullable: true,
      description: 'The thread that was deleted: this, or batchId.',
    })
    _threadId: string | null,
    @Root() row: DeletionBatchRecord,
  ): DeletionProgress {
    return toDeletionProgress(row)
  }
}

export function deletionSources(watcher: DeletionWatcher): SubscriptionSources {
  return { deletionProgress: ({ args, context }) => watcher.watch(context.viewer, args) }
}
