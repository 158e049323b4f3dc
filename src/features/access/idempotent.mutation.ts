import { Arg, type MiddlewareFn, Mutation, UseMiddleware } from 'type-graphql'
import type { Context } from './context.js'

interface MutationOptions {
  description: string
  complexity?: number
}

/**
 * A mutation that is done once per idempotency key, on all transports. It is nullable, so that it may fail without taking
 * its siblings along.
 */
export function IdempotentMutation(returnType: () => object, options: MutationOptions): MethodDecorator {
  return (prototype, name, descriptor) => {
    Mutation(returnType, { nullable: true, ...options })(prototype, name, descriptor)
    UseMiddleware(passOnCall)(prototype, name, descriptor)
    // The argument comes after those of the method, which does not take it.
    const { length } = prototype[name as keyof typeof prototype] as (...args: unknown[]) => unknown
    Arg('idempotencyKey', () => String, { nullable: true, description: DESCRIPTION })(prototype, name, length)
  }
}

const DESCRIPTION =
  '1 to 255 characters, kept for 24 hours. A repeated call with the same key and arguments has no further effect and returns the first reply; with other arguments it fails with CONFLICT. Objects that the reply links to, such as the organization of a thread, and what the caller may see, are current. Default: the Idempotency-Key header, for each mutation of the request.'

const passOnCall: MiddlewareFn<Context> = async (call, next) => {
  const { context, info } = call
  const { idempotencyKey, ...args } = call.args
  const key = idempotencyKey ?? context.request.idempotencyKey
  // One header may apply to several mutations: the field's path tells them apart.
  const operation = idempotencyKey == null ? `${info.fieldName}#${info.path.key}` : info.fieldName
  call.context = context.calling(key === null ? null : { operation, key, arguments: args })
  const payload = await next()
  // Its payload's fields must show the state after it, not what an earlier mutation of the operation has loaded.
  context.loaders.clear()
  return payload
}
