import type { Command } from './model.commands.js'
import type { ModelState, ModelThread } from './model.state.js'

/** How the rules of the model say what a command is answered with. */

/** What is compared of a reply; a failure has its code and its systemMessage. */
export type Outcome = Readonly<Record<string, unknown>>

export interface Step {
  /** mostly one; where the model cannot know, each that is right */
  outcomes: readonly Outcome[]
  next: ModelState
}

export type RuleOf<Kind> = (state: ModelState, command: Extract<Command, { kind: Kind }>) => Step

export const SUCCESS = { code: null }

const failure = (code: string, cause: string): Outcome => ({ code, cause })
export const missing = (what: string): Outcome => failure('RESOURCE_NOT_FOUND', `${what} not found`)
export const conflict = (cause: string): Outcome => failure('CONFLICT', cause)
export const DENIED = failure('INSUFFICIENT_PERMISSIONS', 'Manage access required')

export function done(fields: Record<string, unknown>, next: ModelState): Step {
  return { outcomes: [{ ...SUCCESS, ...fields }], next }
}

export function refused(state: ModelState, outcome: Outcome): Step {
  return { outcomes: [outcome], next: state }
}

export function liveThread(state: ModelState, name: string): ModelThread | null {
  const thread = state.threads[name]
  return thread?.batch === null ? thread : null
}
