import { Arg, Ctx, ID, Query, Resolver, Root, Subscription } from 'type-graphql'
import { DeletionMode } from '../../generated/prisma/enums.js'
import type { Context } from '../access/context.js'
import { IdempotentMutation } from '../access/idempotent.mutation.js'
import type { SubscriptionCall } from '../access/subscription.call.js'
import type { BulkDeletionService } from './bulk.deletion.service.js'
import { DeleteAllThreadsPayload, ThreadsDeletionPreview } from './bulk.deletion.type.js'
import { DeletionProgress, toDeletionProgress } from './deletion.progress.type.js'
import type { DeletionService } from './deletion.service.js'
import { DeleteThreadPayload, ThreadDeletionPreview } from './deletion.type.js'
import type { DeletionSelector, DeletionWatcher } from './deletion.watcher.js'
import type { LegalHoldService } from './legal.hold.service.js'
import type { DeletionBatchRecord } from './purge/deletion.batch.sql.js'
import type { RestorationService } from './restoration.service.js'
import { RestoreThreadPayload, RestoreThreadsPayload, SetLegalHoldPayload } from './restoration.type.js'

const THREAD_ID = { description: "The thread's id." }
const ORGANIZATION_SCOPE = {
  nullable: true,
  description:
    'Only threads of this organization; must start with `org_`. Default: threads of all organizations. An explicit null is a VALIDATION_ERROR.',
}

type Call = SubscriptionCall<{ deletionWatcher: DeletionWatcher }, DeletionSelector>

/** GraphQL face of deletion; every rule lives in the services. */
@Resolver()
export class DeletionResolver {
  constructor(
    private readonly deletion: DeletionService,
    private readonly bulkDeletion: BulkDeletionService,
    private readonly restoration: RestorationService,
    private readonly legalHolds: LegalHoldService,
  ) {}

  @IdempotentMutation(() => DeleteThreadPayload, {
    complexity: 50,
    description:
      'Deletes a thread with its messages, agent runs, links, and vectors in every space; PERMANENTLY unless mode is SOFT. If it was the last thread of its project, a permanent deletion also deletes the project and its sandbox. Needs write access. A second deletion gets RESOURCE_NOT_FOUND, or CONFLICT while the first one is still running.',
  })
  deleteThread(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Arg('mode', () => DeletionMode, {
      defaultValue: DeletionMode.PERMANENT,
      description:
        'Whether it can be undone. THE DEFAULT IS PERMANENT, unlike in deleteAllThreads: pass SOFT for a deletion that restoreThread can undo. An explicit null is a VALIDATION_ERROR, and nothing is deleted.',
    })
    mode: DeletionMode,
    @Arg('backup', () => Boolean, {
      defaultValue: false,
      description:
        'Whether to write the thread to the backup store first, as JSON lines that `npm run import` can restore. An explicit null is a VALIDATION_ERROR. SERVICE_UNAVAILABLE if it cannot be written and read back, CONFLICT if the thread keeps changing: nothing is deleted then.',
    })
    backup: boolean,
    @Ctx() { viewer }: Context,
  ): Promise<DeleteThreadPayload> {
    return this.deletion.deleteThread(viewer, { threadId, mode, backup })
  }

  @Query(() => ThreadDeletionPreview, {
    nullable: true,
    complexity: 20,
    description: 'What a permanent deletion of the thread would delete. Needs write access.',
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
      "What a permanent deletion of all of the caller's own threads would delete, and the token that confirms it.",
  })
  threadsDeletionPreview(
    @Arg('organizationId', () => ID, ORGANIZATION_SCOPE) organizationId: string | null | undefined,
    @Ctx() { viewer }: Context,
  ): Promise<ThreadsDeletionPreview> {
    return this.bulkDeletion.preview(viewer, organizationId)
  }

  @IdempotentMutation(() => DeleteAllThreadsPayload, {
    complexity: 200,
    description:
      "Deletes all of the caller's own threads, and no others; SOFTLY unless mode is PERMANENT. Threads created after its start are kept. PERMANENT hides them immediately and purges them in the background: watch deletionProgress.",
  })
  deleteAllThreads(
    @Arg('organizationId', () => ID, ORGANIZATION_SCOPE) organizationId: string | null | undefined,
    @Arg('mode', () => DeletionMode, {
      defaultValue: DeletionMode.SOFT,
      description:
        'Whether it can be undone. THE DEFAULT IS SOFT, unlike in deleteThread. PERMANENT needs a confirmationToken. An explicit null is a VALIDATION_ERROR, and nothing is deleted.',
    })
    mode: DeletionMode,
    @Arg('confirmationToken', () => String, {
      nullable: true,
      description:
        'The token from threadsDeletionPreview for the same scope. CONFLICT if it is not valid or has expired.',
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

  @IdempotentMutation(() => RestoreThreadPayload, {
    complexity: 20,
    description:
      'Restores a soft-deleted thread, including its places in spaces. Needs write access. A live thread is returned unchanged. CONFLICT after its restoreUntil, QUOTA_EXCEEDED at the thread limit.',
  })
  async restoreThread(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RestoreThreadPayload> {
    return { thread: await this.restoration.restoreThread(viewer, threadId) }
  }

  @IdempotentMutation(() => RestoreThreadsPayload, {
    complexity: 200,
    description:
      'Restores the threads of one deletion by the caller. A repeated call restores what is still deleted; if nothing is, that is not an error. CONFLICT after its restoreUntil; QUOTA_EXCEEDED at the thread limit, and nothing is restored then.',
  })
  restoreThreads(
    @Arg('batchId', () => ID, { description: 'The batchId returned by deleteAllThreads.' }) batchId: string,
    @Ctx() { viewer }: Context,
  ): Promise<RestoreThreadsPayload> {
    return this.restoration.restoreThreads(viewer, batchId)
  }

  @IdempotentMutation(() => SetLegalHoldPayload, {
    description:
      'Sets or lifts a legal hold, which protects a thread from every purge. Needs OWNER or ADMIN of its organization. A thread under a legal hold can be soft-deleted, but a permanent deletion of it is a CONFLICT.',
  })
  setLegalHold(
    @Arg('threadId', () => ID, THREAD_ID) threadId: string,
    @Arg('legalHold', () => Boolean, { description: 'true sets the legal hold, false lifts it.' })
    legalHold: boolean,
    @Ctx() { viewer }: Context,
  ): Promise<SetLegalHoldPayload> {
    return this.legalHolds.set(viewer, threadId, legalHold)
  }

  @Subscription(() => DeletionProgress, {
    description:
      'Progress of a deletion by the caller: first the current state, then every change, at most 10 per second. Completes after the terminal state.',
    subscribe: ({ source, args, context }: Call) => source.deletionWatcher.watch(context.viewer, args),
  })
  deletionProgress(
    @Arg('batchId', () => ID, {
      nullable: true,
      description: 'The batchId of a deletion; pass either this or threadId.',
    })
    _batchId: string | null,
    @Arg('threadId', () => ID, {
      nullable: true,
      description: 'The deleted thread; pass either this or batchId.',
    })
    _threadId: string | null,
    @Root() row: DeletionBatchRecord,
  ): DeletionProgress {
    return toDeletionProgress(row)
  }
}
