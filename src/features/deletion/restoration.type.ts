import { Field, ID, Int, ObjectType } from 'type-graphql'
import { Thread } from '../threads/thread.type.js'

@ObjectType({ description: 'Result of restoreThread.' })
export class RestoreThreadPayload {
  @Field(() => Thread, { description: 'The restored thread.' })
  readonly thread!: Thread
}

@ObjectType({ description: 'Result of restoreThreads.' })
export class RestoreThreadsPayload {
  @Field(() => Int, { description: 'Number of threads restored.' })
  readonly restored!: number

  @Field(() => String, { description: '"Successfully restored 42 thread(s)".' })
  readonly message!: string
}

@ObjectType({ description: 'Result of setLegalHold.' })
export class SetLegalHoldPayload {
  @Field(() => ID, { description: 'Id of the thread, which may be soft-deleted.' })
  readonly threadId!: string

  @Field(() => Boolean, { description: 'Whether the thread is under a legal hold now.' })
  readonly legalHold!: boolean
}
