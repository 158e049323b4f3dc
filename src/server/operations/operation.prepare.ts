import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  type OperationTypeNode,
} from 'graphql'
import type { Viewer } from '../../features/access/viewer.js'
import { HeddleError, malformed } from '../../platform/errors.js'
import type { RequestInfo } from '../../platform/request.js'
import { ServerContext } from '../context.js'
import type { Holder } from '../holder.js'
import { costOf } from './operation.cost.js'
import type { OperationDocuments } from './operation.documents.js'
import { OperationRefusal } from './operation.refusal.js'
import type { OperationRequest } from './operation.request.js'
import type { PointsLeft, PointsLimiter } from './points.limiter.js'
import type { SchemaExposure } from './schema.exposure.js'
import type { TrustedDocuments } from './trusted.documents.js'

/** Who sent an operation, as known to its transport. */
export interface Caller {
  /** null: no credential */
  readonly viewer: Viewer | null
  readonly holder: Holder
  readonly request: RequestInfo
}

/** The kinds of operations that a transport does not run, and what it says of each. */
export type RefusedKinds = Readonly<Partial<Record<`${OperationTypeNode}`, () => HeddleError>>>

/** An operation that passed all checks: input of `OperationRunner` and of GraphQL libraries. */
export interface PreparedOperation extends ExecutionArgs {
  readonly kind: OperationTypeNode
  readonly caller: Caller
  /** text of the document */
  readonly query: string
  readonly contextValue: ServerContext
  readonly variableValues: Readonly<Record<string, unknown>>
  readonly cost: number
  readonly pointsLeft: PointsLeft
  /** the reply must include its cost */
  readonly reportsCost: boolean
}

export interface PreparationLimits {
  /** per operation */
  maxPoints: number
  /** message text per operation */
  textBytes: number
  /** null: any document may be sent */
  trusted: TrustedDocuments | null
}

/** All checks before execution: every operation passes here, whatever its transport. */
export class OperationPreparer {
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly documents: OperationDocuments,
    private readonly exposure: SchemaExposure,
    private readonly points: PointsLimiter,
    private readonly limits: PreparationLimits,
  ) {}

  /** Throws OperationRefusal or HeddleError. */
  async prepare(
    request: OperationRequest,
    caller: Caller,
    refusedKinds: RefusedKinds = {},
  ): Promise<PreparedOperation> {
    const { viewer, holder } = caller
    const { document, operation, query, cost } = this.#read(request, viewer)
    const refusal = refusedKinds[operation.operation]
    if (refusal) throw refusal()
    const { variables, operationName } = request
    const { maxPoints, textBytes } = this.limits
    if (cost > maxPoints) throw OperationRefusal.for(tooCostly(cost, maxPoints))
    return {
      schema: this.schema,
      document: document.node,
      operationName,
      variableValues: variables,
      contextValue: new ServerContext(viewer, caller.request, textBytes),
      kind: operation.operation,
      caller,
      query,
      cost,
      pointsLeft: await this.points.take(holder, cost),
      reportsCost: request.extensions.cost === true,
    }
  }

  #read(request: OperationRequest, viewer: Viewer | null) {
    try {
      const query = this.#textOf(request)
      const document = this.documents.read(query)
      this.exposure.require(document, viewer)
      const operation = getOperationAST(document.node, request.operationName)
      if (!operation) throw OperationRefusal.for(unnamed(request.operationName))
      this.#requireVariables(operation, request.variables)
      const cost = costOf(this.schema, document, operation, request.variables)
      return { query, document, operation, cost }
    } catch (thrown) {
      const refusal = thrown instanceof GraphQLError ? new OperationRefusal([thrown]) : thrown
      throw refusal instanceof OperationRefusal ? this.exposure.shown(refusal, viewer) : thrown
    }
  }

  #textOf(request: OperationRequest): string {
    if (this.limits.trusted) return this.limits.trusted.require(request)
    if (request.query !== null) return request.query
    // Clients recognize this message and then send the whole document.
    throw OperationRefusal.for(
      new HeddleError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported', {
        systemMessage: 'Documents cannot be sent by id alone',
      }),
    )
  }

  #requireVariables(
    { variableDefinitions = [] }: OperationDefinitionNode,
    variables: Record<string, unknown>,
  ) {
    const { errors } = getVariableValues(this.schema, variableDefinitions, variables, {
      maxErrors: OperationRefusal.maxErrors,
    })
    if (errors) throw new OperationRefusal(errors)
  }
}

function unnamed(operationName: string | null): HeddleError {
  return operationName === null
    ? malformed('The document contains several operations. Set operationName to the one to run.')
    : malformed('The document has no operation with this name.', {
        operationName: operationName.slice(0, 200),
      })
}

function tooCostly(cost: number, limit: number): HeddleError {
  return malformed(
    `The operation costs ${cost.toLocaleString('en')} points; the limit is ${limit.toLocaleString('en')}. Request fewer entries in nested lists.`,
    { cost, limit },
  )
}
