import { expect } from 'vitest'
import type { ReplyError } from './client.js'

/** What is expected of the first error of a reply; what is left out may be anything. */
export interface ExpectedFailure {
  code: string
  status?: number
  systemMessage?: string
  message?: string
  type?: string
  details?: Record<string, unknown>
}

declare module 'vitest' {
  interface Matchers<T> {
    /** The reply has exactly one error, and it says this. */
    toFailWith(expected: ExpectedFailure): T
  }
}

expect.extend({
  toFailWith({ errors }: { errors?: readonly ReplyError[] }, expected: ExpectedFailure) {
    const [error, ...others] = errors ?? []
    const actual = error?.extensions
    const pass =
      others.length === 0 && this.equals(actual, expect.objectContaining({ ...expected, traceId: TRACE_ID }))
    return {
      pass,
      actual: error ? { ...actual, others: others.length } : 'no error',
      expected,
      message: () =>
        `expected the reply ${this.isNot ? 'not ' : ''}to fail with ${this.utils.printExpected(expected)}, ` +
        `but it has ${this.utils.printReceived(errors ?? 'no errors')}`,
    }
  },
})

const TRACE_ID: unknown = expect.stringMatching(/^[\da-f]{32}$/)
