import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { finishUnderLease, LeaseLost, underLease } from '../../src/platform/workers/lease.js'

const DURATION_MS = 9_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const never = () => new Promise<never>(() => undefined)

function hold(renew: () => Promise<boolean>, work: () => Promise<string> = never) {
  const controller = new AbortController()
  const lease = { durationMs: DURATION_MS, takenAt: performance.now(), renew }
  const result = underLease(lease, controller, work)
  // A test looks at the failure later than it happens.
  result.catch(() => undefined)
  return { controller, result }
}

describe('work under a lease', () => {
  test('gives its result, and its lease is renewed no more', async () => {
    const renew = vi.fn(async () => true)
    expect(await hold(renew, async () => 'done').result).toBe('done')
    await vi.advanceTimersByTimeAsync(10 * DURATION_MS)

    expect(renew).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('fails as it fails', async () => {
    const { result } = hold(
      async () => true,
      () => Promise.reject(new Error('broken')),
    )

    await expect(result).rejects.toThrow('broken')
  })

  test('goes on for as long as its lease is renewed', async () => {
    const renew = vi.fn(async () => true)
    const { controller } = hold(renew)
    await vi.advanceTimersByTimeAsync(10 * DURATION_MS)

    expect(controller.signal.aborted).toBe(false)
    expect(renew).toHaveBeenCalledTimes(30)
  })

  test('ends when its lease has become another’s', async () => {
    const { controller, result } = hold(async () => false)
    await vi.advanceTimersByTimeAsync(DURATION_MS / 3)

    await expect(result).rejects.toThrow(LeaseLost)
    expect(controller.signal.reason).toBeInstanceOf(LeaseLost)
  })

  test('survives a renewal that fails, but not the end of its lease', async () => {
    const renew = vi.fn(() => Promise.reject(new Error('no database')))
    const { controller, result } = hold(renew)
    await vi.advanceTimersByTimeAsync(DURATION_MS - 1)
    expect(controller.signal.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)

    expect(renew).toHaveBeenCalledTimes(2)
    await expect(result).rejects.toThrow(LeaseLost)
  })

  test('counts a lease from before the statement that took it', async () => {
    const takenAt = performance.now()
    await vi.advanceTimersByTimeAsync(DURATION_MS - 1)
    const controller = new AbortController()
    const lease = { durationMs: DURATION_MS, takenAt, renew: async () => true }
    const result = expect(underLease(lease, controller, never)).rejects.toThrow(LeaseLost)
    await vi.advanceTimersByTimeAsync(1)

    await result
  })

  test('ends with the reason of whoever ends it, once no statement is under way', async () => {
    let answer = (_isOurs: boolean): void => undefined
    const renew = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve
      })
    const { controller, result } = hold(renew)
    const ended = vi.fn()
    void result.catch(ended)
    await vi.advanceTimersByTimeAsync(DURATION_MS / 3)
    controller.abort(new Error('enough'))
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).not.toHaveBeenCalled()
    answer(true)

    await expect(result).rejects.toThrow('enough')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('work that is waited for', () => {
  function finish(work: () => Promise<string>, renew = async () => true) {
    const controller = new AbortController()
    const settled = vi.fn()
    const result = finishUnderLease(
      { durationMs: DURATION_MS, takenAt: performance.now(), renew },
      controller,
      work,
    )
    result.then(settled, settled)
    return { controller, result, settled }
  }

  test('gives its result', async () => {
    const { controller, result } = finish(async () => 'done')

    expect(await result).toBe('done')
    expect(controller.signal.aborted).toBe(false)
  })

  test('is not left behind when its lease is lost, and then tells of the lease, however it ends', async () => {
    let fail = (_error: Error): void => undefined
    const work = new Promise<string>((_, reject) => {
      fail = reject
    })
    const { controller, result, settled } = finish(
      () => work,
      async () => false,
    )
    await vi.advanceTimersByTimeAsync(2 * DURATION_MS)
    expect(controller.signal.reason).toBeInstanceOf(LeaseLost)
    expect(settled).not.toHaveBeenCalled()

    fail(new Error('aborted'))

    await expect(result).rejects.toThrow(LeaseLost)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends what it has started beside it when it fails', async () => {
    const { controller, result } = finish(() => Promise.reject(new Error('broken')))

    await expect(result).rejects.toThrow('broken')
    expect(controller.signal.reason).toMatchObject({ message: 'broken' })
  })

  test('is not started once it has been ended', async () => {
    const controller = new AbortController()
    controller.abort(new Error('enough'))
    const work = vi.fn(never)
    const lease = { durationMs: DURATION_MS, takenAt: performance.now(), renew: async () => true }

    await expect(finishUnderLease(lease, controller, work)).rejects.toThrow('enough')
    expect(work).not.toHaveBeenCalled()
  })
})
