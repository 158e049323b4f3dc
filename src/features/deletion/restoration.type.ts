import { Field, ID, Int, ObjectType } from 'type-graphql'
import { Thread } from '../threads/thread.type.js'

@ObjectType({ description: 'The thread that restoreThread brought back.' })
export class RestoreThreadPayload {
  @Field(() => Thread, { description: 'The thread, live again.' })
  readonly thread!: Thread
}

@ObjectType({ description: 'What restoreThreads brought back.' })
export class RestoreThreadsPayload {
  @Field(() => Int, { description: 'Threads that are live again.' })
  readonly restored!: number

  @Field(() => String, { description: '"Successfully restored 42 thread(s)".' })
  readonly message!: string
}

@ObjectType({ description: 'A thread whose legal hold was set or lifted.' })
export class SetLegalHoldPayload {
  @Field(() => ID, { description: 'The thread; it may be soft-deleted.' })
  readonly threadId!: string

  @Field(() => Boolean, { description: 'Whether it is kept from every purge now.' })
  readonly legalHold!: boolean
}
