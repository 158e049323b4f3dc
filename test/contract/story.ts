import { expect } from 'vitest'
import type { Json, TestClient } from '../support/client.js'

/** What the steps of the contract's story share. */

export const ID: string = expect.stringMatching(/^[a-z]+_\w+$/)
export const TIME: string = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
export const TEXTS = ['alpha beta', 'gamma delta', 'epsilon zeta']

/** Runs the documents of the contract for one user, and remembers which. */
export class Story {
  readonly told = new Set<string>()

  constructor(readonly user: TestClient) {}

  async run(name: string, variables: Record<string, unknown> = {}): Promise<Json> {
    this.told.add(name)
    return this.user.must(name, variables)
  }

  watch(name: string, variables: Record<string, unknown>) {
    this.told.add(name)
    return this.user.subscribe(name, variables)
  }
}
