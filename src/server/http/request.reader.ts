import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Viewer } from '../../features/access/viewer.js'
import { malformed } from '../../platform/errors.js'
import type { RequestInfo } from '../../platform/request.js'
import type { CallerIdentification } from '../context.js'
import { holderOf } from '../holder.js'
import type { OperationPreparer, PreparedOperation } from '../operations/operation.prepare.js'
import { type OperationRequest, readOperationRequest } from '../operations/operation.request.js'
import type { BodyBudget } from './body.budget.js'
import { addressOf } from './client.address.js'
import { readJson } from './http.body.js'
import { headersOf } from './http.headers.js'
import { type MethodRules, readUrlOperation, requireGuarded } from './http.operation.js'

export interface ReadLimits {
  bodyBytes: number
  /** without a credential */
  strangerBodyBytes: number
  /** nesting depth of JSON in a body */
  jsonDepth: number
  /** number of trusted proxies in front of this process */
  trustedProxies: number
}

/** Prepares an operation from an HTTP request. Authenticates before reading the body: anonymous callers may send less. */
export class RequestReader {
  constructor(
    private readonly preparer: OperationPreparer,
    private readonly callers: CallerIdentification,
    private readonly budget: BodyBudget,
    private readonly limits: ReadLimits,
  ) {}

  async prepare(
    request: IncomingMessage,
    response: ServerResponse,
    info: RequestInfo,
    rules: MethodRules,
  ): Promise<PreparedOperation> {
    const viewer = await this.callers.identify(headersOf(request), info)
    const holder = holderOf(viewer, addressOf(request, this.limits.trustedProxies))
    const isGet = request.method === 'GET'
    if (isGet) requireGuarded(request)
    const operation = isGet ? readUrlOperation(request) : await this.#readBody(request, response, viewer)
    const caller = { viewer, holder, request: info }
    return this.preparer.prepare(operation, caller, isGet ? rules.GET : rules.POST)
  }

  async #readBody(
    request: IncomingMessage,
    response: ServerResponse,
    viewer: Viewer | null,
  ): Promise<OperationRequest> {
    const { bodyBytes, strangerBodyBytes, jsonDepth } = this.limits
    // The client has disconnected, so no close event will follow.
    if (response.destroyed) throw malformed('The client has disconnected.')
    const room = this.budget.open(viewer?.userId ?? null)
    response.once('close', () => room.giveBack())
    const bytes = viewer ? bodyBytes : strangerBodyBytes
    return readOperationRequest(await readJson(request, { bytes, depth: jsonDepth }, room))
  }
}
