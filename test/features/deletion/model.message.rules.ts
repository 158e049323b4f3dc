import { conflict, done, liveThread, missing, type Outcome, type RuleOf, refused } from './model.answers.js'
import { inOrder, type ModelMessage, type ModelState, put } from './model.state.js'

type MessageKind = 'append' | 'edit' | 'erase'

/** The rules of a thread's messages. */
export const MESSAGE_RULES: { [Kind in MessageKind]: RuleOf<Kind> } = {
  append(state, { thread: name, messages: added }) {
    const thread = liveThread(state, name)
    if (!thread) return refused(state, missing('Thread'))
    // What is new says its own name.
    const messages = [...thread.messages, ...added.map((name) => ({ name, text: name }))].sort(byName)
    return done({ messageCount: messages.length }, put(state, 'threads', name, { ...thread, messages }))
  },

  edit(state, { thread: name, message, text }) {
    const thread = liveThread(state, name)
    const refusal = refusalOfChange(state, name, message)
    if (!thread || refusal) return refused(state, refusal ?? missing('Thread'))
    const messages = thread.messages.map((one) => (one.name === message ? { ...one, text } : one))
    return done({}, put(state, 'threads', name, { ...thread, messages }))
  },

  erase(state, { thread: name, message }) {
    const thread = liveThread(state, name)
    const refusal = refusalOfChange(state, name, message)
    if (!thread || refusal) return refused(state, refusal ?? missing('Thread'))
    const messages = thread.messages.filter((other) => other.name !== message)
    return done({ messageCount: messages.length }, put(state, 'threads', name, { ...thread, messages }))
  },
}

/** Of two that are gone, which one is missed depends on who waited for whom. */
function refusalOfChange(state: ModelState, name: string, message: string): Outcome | null {
  const thread = liveThread(state, name)
  if (!thread?.messages.some((one) => one.name === message)) return { code: 'RESOURCE_NOT_FOUND' }
  return thread.isHeld ? conflict('Legal hold') : null
}

function byName(left: ModelMessage, right: ModelMessage): number {
  return inOrder(left.name, right.name)
}
