import { GraphQLError } from 'graphql'

/** Why a well-formed request is not executed: errors in its document or its variables. */
export class OperationRefusal extends Error {
  static readonly maxErrors = 5
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super('The operation was rejected.')
    this.name = 'OperationRefusal'
    // What stops at a limit of errors says so in one more.
    this.errors = errors.slice(0, OperationRefusal.maxErrors)
  }

  static for(thrown: unknown): OperationRefusal {
    const originalError = thrown instanceof Error ? thrown : new Error(String(thrown))
    return new OperationRefusal([new GraphQLError(originalError.message, { originalError })])
  }
}
