import { type EventEmitter, once } from 'node:events'

/** Waits that come to an end. */

/** False when `work` was not done within the time. It goes on then, and its failure is nobody's concern any more. */
export async function settledWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  try {
    const done = work.then(
      () => true,
      () => true,
    )
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when a socket or server has closed. */
export async function ended(emitter: EventEmitter): Promise<void> {
  await once(emitter, 'close')
}
