import type { Outcome } from './model.answers.js'
import type { Command } from './model.commands.js'
import { apply } from './model.rules.js'
import { afterBackground, keyOf, type ModelState } from './model.state.js'

/** Whether replies can be explained: by some order of the commands, with the work of workers anywhere between them. */

export interface Answered {
  command: Command
  outcome: Outcome
}

/**
 * Every state in which a world can be after commands that ran at once, given each state in which it could be before. No
 * state: no order explains the replies.
 */
export function explain(before: readonly ModelState[], answered: readonly Answered[]): ModelState[] {
  const after = new Map<string, ModelState>()
  const seen = new Set<string>()
  const open = before.map((state) => ({ state, left: answered }))
  for (let node = open.pop(); node; node = open.pop()) {
    const { state, left } = node
    const key = keyOf(state)
    const place = `${left.map(({ command }) => answered.findIndex((one) => one.command === command))} ${key}`
    if (seen.has(place)) continue
    seen.add(place)
    if (left.length === 0) after.set(key, state)
    for (const next of afterBackground(state)) open.push({ state: next, left })
    for (const one of left) {
      const { outcomes, next } = apply(state, one.command)
      if (!outcomes.some((outcome) => agrees(outcome, one.outcome))) continue
      open.push({ state: next, left: left.filter((other) => other !== one) })
    }
  }
  return [...after.values()]
}

/** Only what the model speaks of is compared. */
function agrees(expected: Outcome, actual: Outcome): boolean {
  return Object.entries(expected).every(([field, value]) => actual[field] === value)
}
