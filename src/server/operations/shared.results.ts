import type { ExecutionResult } from 'graphql'
import type { PreparedOperation } from './operation.prepare.js'

type Execute<Context> = (context: Context) => ExecutionResult | Promise<ExecutionResult>

/**
 * Executes an event once for all equal subscriptions if its result depends on the event alone: if no resolver has used the
 * context, the result cannot differ between callers.
 */
export class SharedResults {
  /** by event, then by operation; null: the result is specific to its caller */
  readonly #results = new WeakMap<object, Map<string, Promise<ExecutionResult | null>>>()

  async execute<Context extends object>(
    event: unknown,
    operation: string,
    context: Context,
    execute: Execute<Context>,
  ): Promise<ExecutionResult> {
    if (typeof event !== 'object' || event === null) return execute(context)
    const results = this.#results.get(event) ?? new Map<string, Promise<ExecutionResult | null>>()
    this.#results.set(event, results)
    const known = results.get(operation)
    if (known) return (await known) ?? execute(context)
    const seen = observe(context)
    const result = Promise.resolve(execute(seen.context))
    results.set(
      operation,
      result.then(
        (made) => (seen.isAsked() ? null : made),
        () => null,
      ),
    )
    return result
  }
}

/** Equal for operations with the same text and the same variables. */
export function operationKey({ query, operationName, variableValues }: PreparedOperation): string {
  return JSON.stringify([query, operationName, variableValues])
}

function observe<Context extends object>(context: Context): { context: Context; isAsked(): boolean } {
  let isAsked = false
  const observed = new Proxy(context, {
    get(target, property) {
      isAsked = true
      return Reflect.get(target, property)
    },
  })
  return { context: observed, isAsked: () => isAsked }
}
