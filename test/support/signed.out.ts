import { expect } from 'vitest'
import type { ExpectedFailure } from './matchers.js'
import type { TestSubscription } from './subscription.js'

/**
 * The subscription's credential ended. Its socket looks at that credential too, and whichever notices first ends it: the
 * operation by an error, or the socket by closing.
 */
export async function expectSignedOut(
  subscription: TestSubscription,
  { reason, ...refusal }: ExpectedFailure & { reason: unknown },
): Promise<void> {
  const end = await subscription.end()
  const last = (await subscription.rest()).at(-1)
  if (end.kind === 'closed') expect(end).toMatchObject({ code: 4403, reason })
  else expect(last).toFailWith(refusal)
}
