import { GraphQLError } from 'graphql'

/** Why an operation that could be read may not run: what is wrong with its document or its variables. */
export class OperationRefusal extends Error {
  constructor(readonly errors: readonly GraphQLError[]) {
    super('The operation is refused.')
    this.name = 'OperationRefusal'
  }

  static for(thrown: unknown): OperationRefusal {
    const originalError = thrown instanceof Error ? thrown : new Error(String(thrown))
    return new OperationRefusal([new GraphQLError(originalError.message, { originalError })])
  }
}
