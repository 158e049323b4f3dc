import { GraphQLError } from 'graphql'

/** Why an operation that could be read may not run: what is wrong with its document or its variables. */
export class OperationRefusal extends Error {
  static readonly maxErrors = 5
  readonly errors: readonly GraphQLError[]

  constructor(errors: readonly GraphQLError[]) {
    super('The operation is refused.')
    this.name = 'OperationRefusal'
    // What stops at a limit of errors says so in one more.
    this.errors = errors.slice(0, OperationRefusal.maxErrors)
  }

  static for(thrown: unknown): OperationRefusal {
    const originalError = thrown instanceof Error ? thrown : new Error(String(thrown))
    return new OperationRefusal([new GraphQLError(originalError.message, { originalError })])
  }
}
