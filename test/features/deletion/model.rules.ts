import {
  conflict,
  DENIED,
  done,
  liveThread,
  missing,
  type RuleOf,
  refused,
  type Step,
  SUCCESS,
} from './model.answers.js'
import type { Command } from './model.commands.js'
import { MESSAGE_RULES } from './model.message.rules.js'
import { drop, hide, inOrder, type ModelState, purge, put, show, threadsWhere } from './model.state.js'

/** The rules of deletion as the model knows them: what a command is answered with, and what it leaves. */

/** Who may hold threads and delete spaces; the others are members. */
export const ADMINISTRATOR = 0

export function apply(state: ModelState, command: Command): Step {
  const rule = RULES[command.kind] as RuleOf<Command['kind']>
  return rule(state, command)
}

const RULES: { [Kind in Command['kind']]: RuleOf<Kind> } = {
  create(state, { thread, user, organization, project }) {
    if (project !== null && !state.projects[project]) return refused(state, missing('Project'))
    const row = { owner: user, organization, project, messages: [], runs: 0, batch: null, isHeld: false }
    return done({ messageCount: 0 }, put(state, 'threads', thread, row))
  },

  ...MESSAGE_RULES,

  run(state, { thread: name }) {
    const thread = liveThread(state, name)
    if (!thread) return refused(state, missing('Thread'))
    return done({}, put(state, 'threads', name, { ...thread, runs: thread.runs + 1 }))
  },

  add(state, { space: spaceName, thread: name, user }) {
    const thread = liveThread(state, name)
    if (!thread) return refused(state, missing('Thread'))
    const space = state.spaces[spaceName]
    if (!space) return refused(state, missing('Space'))
    if (space.organization !== thread.organization && thread.owner !== user) {
      return refused(state, { code: 'VALIDATION_ERROR' })
    }
    const threads = [...new Set([...space.threads, name])].sort(inOrder)
    return done({}, put(state, 'spaces', spaceName, { ...space, threads }))
  },

  remove(state, { space: spaceName, thread: name }) {
    const space = state.spaces[spaceName]
    if (!space) return refused(state, missing('Space'))
    if (!liveThread(state, name) || !space.threads.includes(name)) return refused(state, missing('Thread'))
    const threads = space.threads.filter((linked) => linked !== name)
    return done({}, put(state, 'spaces', spaceName, { ...space, threads }))
  },

  delete(state, { thread: name, user, mode, batch }) {
    const thread = state.threads[name]
    if (!thread) return refused(state, missing('Thread'))
    if (thread.batch !== null) {
      const isAtWork = state.batches[thread.batch]?.state === 'PURGING'
      return refused(state, isAtWork ? conflict('Deletion under way') : missing('Thread'))
    }
    const isSoft = mode === 'SOFT'
    if (!isSoft && thread.isHeld) return refused(state, conflict('Legal hold'))
    const row = { owner: user, isBulk: false, isPermanent: false, state: 'RESTORABLE' } as const
    const next = isSoft ? hide(state, [name], batch, row) : purge(state, [name])
    const { project } = thread
    const isEmptied = project !== null && !next.projects[project]
    const warningCount = isEmptied && state.projects[project]?.hasSandbox ? 1 : 0
    const receipt = {
      deletedMessageCount: thread.messages.length,
      deletedAgentRunCount: thread.runs,
      warningCount,
      softDelete: isSoft,
      permanentDelete: !isSoft,
      canRestore: isSoft,
      projectDeleted: project === null ? null : isEmptied,
      status: warningCount ? 'PARTIAL' : 'SUCCESS',
    }
    return done(receipt, next)
  },

  restore(state, { thread: name }) {
    const thread = state.threads[name]
    if (!thread) return refused(state, missing('Thread'))
    if (thread.batch === null) return done({ messageCount: thread.messages.length }, state)
    const batch = state.batches[thread.batch]
    if (!batch) return refused(state, missing('Thread'))
    if (batch.state !== 'RESTORABLE') return refused(state, conflict('Restore period ended'))
    const shown = show(state, [name])
    return done(
      { messageCount: thread.messages.length },
      batch.isBulk ? shown : drop(shown, 'batches', [thread.batch]),
    )
  },

  deleteAll(state, { user, organization, mode, token, batch }) {
    const isSoft = mode === 'SOFT'
    if (!isSoft) {
      if (token === null) return refused(state, { code: 'VALIDATION_ERROR' })
      const confirmation = state.tokens[token]
      if (confirmation?.user !== user || confirmation.organization !== organization) {
        return refused(state, conflict('Confirmation not valid'))
      }
    }
    const threads = ownThreads(state, user, organization, !isSoft)
    const isPartial = !isSoft && threads.length > 0
    const row = {
      owner: user,
      isBulk: true,
      isPermanent: !isSoft,
      state: isSoft ? 'RESTORABLE' : 'PURGING',
    } as const
    const confirmed = isSoft || token === null ? state : drop(state, 'tokens', [token])
    const next = threads.length > 0 ? hide(confirmed, threads, batch, row) : confirmed
    return done({ deleted: threads.length, status: isPartial ? 'PARTIAL' : 'SUCCESS' }, next)
  },

  restoreAll(state, { batch: name, user }) {
    const batch = state.batches[name]
    if (batch?.owner !== user || batch.isPermanent) return refused(state, missing('Batch'))
    if (batch.state !== 'RESTORABLE' && batch.state !== 'RESTORED') {
      return refused(state, conflict('Restore period ended'))
    }
    const threads = threadsWhere(state, (thread) => thread.batch === name)
    const next = put(show(state, threads), 'batches', name, { ...batch, state: 'RESTORED' })
    return done({ restored: threads.length }, next)
  },

  preview(state, { user, organization, token }) {
    const threads = ownThreads(state, user, organization, true)
    const left = purge(state, threads).projects
    const gone = Object.entries(state.projects).filter(([name]) => !left[name])
    const counts = {
      threadCount: threads.length,
      messageCount: threads.reduce((sum, name) => sum + (state.threads[name]?.messages.length ?? 0), 0),
      projectCount: gone.length,
      sandboxCount: gone.filter(([, { hasSandbox }]) => hasSandbox).length,
    }
    return done(counts, put(state, 'tokens', token, { user, organization }))
  },

  hold(state, { thread: name, user, isHeld }) {
    const thread = state.threads[name]
    const isAtWork = thread?.batch && state.batches[thread.batch]?.state === 'PURGING'
    if (!thread || (isAtWork && isHeld)) return refused(state, missing('Thread'))
    if (user !== ADMINISTRATOR) return refused(state, DENIED)
    return done({}, put(state, 'threads', name, { ...thread, isHeld }))
  },

  endRetention(state, { thread }) {
    const name = state.threads[thread]?.batch
    const batch = name ? state.batches[name] : undefined
    // Twice is once, as long as no worker has come.
    const isEnded =
      name !== undefined && name !== null && (batch?.state === 'RESTORABLE' || batch?.state === 'DUE')
    return done({ isEnded }, isEnded ? put(state, 'batches', name, { ...batch, state: 'DUE' }) : state)
  },

  createProject: (state, { project, organization, hasSandbox }) =>
    done({}, put(state, 'projects', project, { organization, hasSandbox })),

  createSpace: (state, { space, organization }) =>
    done({}, put(state, 'spaces', space, { organization, threads: [] })),

  deleteSpace(state, { space: name, user }) {
    const space = state.spaces[name]
    if (!space) return refused(state, missing('Space'))
    if (user !== ADMINISTRATOR) return refused(state, DENIED)
    return done({ removedThreadCount: space.threads.length }, drop(state, 'spaces', [name]))
  },

  // How far a worker has come is not the model's: whether it is too late to cancel, or there is nothing to retry.
  cancel(state, { space }) {
    if (!state.spaces[space]) return refused(state, { code: 'RESOURCE_NOT_FOUND' })
    return { outcomes: [SUCCESS, conflict('Backfill ended')], next: state }
  },

  retry(state, { space: name, thread }) {
    const space = state.spaces[name]
    if (!space) return refused(state, { code: 'RESOURCE_NOT_FOUND' })
    const isLinked = liveThread(state, thread) && space.threads.includes(thread)
    return isLinked
      ? { outcomes: [SUCCESS, conflict('Backfill running'), conflict('Nothing to retry')], next: state }
      : refused(state, conflict('Thread not in space'))
  },

  // Nor is whether the new memory is there yet.
  reembed(state, { space, user }) {
    if (!state.spaces[space]) return refused(state, missing('Space'))
    if (user !== ADMINISTRATOR) return refused(state, DENIED)
    return { outcomes: [SUCCESS, conflict('Model in use'), conflict('Re-embedding running')], next: state }
  },

  cancelReembedding(state, { space, user }) {
    if (!state.spaces[space]) return refused(state, { code: 'RESOURCE_NOT_FOUND' })
    if (user !== ADMINISTRATOR) return refused(state, DENIED)
    return { outcomes: [SUCCESS, conflict('Re-embedding ended')], next: state }
  },

  failSandbox: (state) => done({}, state),
}

function ownThreads(
  state: ModelState,
  user: number,
  organization: number | null,
  isPermanent: boolean,
): string[] {
  return threadsWhere(
    state,
    (thread) =>
      thread.batch === null &&
      thread.owner === user &&
      (organization === null || thread.organization === organization) &&
      !(isPermanent && thread.isHeld),
  )
}
