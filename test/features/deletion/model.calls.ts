import type { Json, Reply, TestClient } from '../../support/client.js'
import {
  CANCEL_REEMBEDDING,
  DELETE_MESSAGE,
  EDIT_MESSAGE,
  REEMBED_SPACE,
  SET_LEGAL_HOLD,
} from '../../support/documents.js'
import { labelSandbox } from '../../support/sandbox.endpoint.js'
import { DELETE_ALL, PREVIEW_ALL } from '../purge/purge.fixture.js'
import { codeOf } from './deletion.fixture.js'
import type { Outcome } from './model.answers.js'
import type { Command } from './model.commands.js'
import { contentOf } from './model.texts.js'

/** The model's commands as GraphQL says them. */

/** What stands for a name in the world's database; a link's id is that of its newest backfill. */
export interface Ids {
  of(name: string): string
  organization(number: number | null): string | undefined
}

interface Call {
  document: string
  variables: Record<string, unknown>
  /** the parts of its payload that the model speaks of */
  tell?: (payload: Json) => Record<string, unknown>
}

type Mutation = Exclude<Command, { kind: 'endRetention' | 'failSandbox' }>

const CREATE_THREAD = `mutation ($input: CreateThreadInput!) {
  createThread(input: $input) { thread { messageCount } }
}`
const APPEND = `mutation ($threadId: ID!, $messages: [MessageInput!]!) {
  appendMessages(threadId: $threadId, messages: $messages) { thread { messageCount } }
}`
const DELETE = `mutation ($threadId: ID!, $mode: DeletionMode) {
  deleteThread(threadId: $threadId, mode: $mode) {
    status deletedMessageCount deletedAgentRunCount softDelete permanentDelete canRestore projectDeleted warningCount
  }
}`
const ADD = `mutation ($spaceId: ID!, $threadId: ID!) {
  addThreadToSpace(spaceId: $spaceId, threadId: $threadId) { backfill { id } }
}`
const REMOVE = `mutation ($spaceId: ID!, $threadId: ID!) {
  removeThreadFromSpace(spaceId: $spaceId, threadId: $threadId) { success }
}`
const CREATE_PROJECT = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }`
const CREATE_SPACE = `mutation ($input: CreateSpaceInput!) { createSpace(input: $input) { space { id } } }`

/** @returns what the model compares, and the payload, from which ids are kept */
export async function call(
  client: TestClient,
  command: Mutation,
  ids: Ids,
): Promise<{ outcome: Outcome; payload: Json }> {
  const { document, variables, tell } = toCall(command, ids)
  const reply = await client.run(document, variables)
  const code = codeOf(reply)
  if (code !== null) return { outcome: { code, cause: causeOf(reply) }, payload: null }
  const [payload] = Object.values(reply.data)
  return { outcome: { code, ...(tell?.(payload) ?? (payload as Outcome)) }, payload }
}

const causeOf = ({ errors }: Reply): unknown => errors?.[0]?.extensions.systemMessage

function toCall(command: Mutation, ids: Ids): Call {
  switch (command.kind) {
    case 'create':
    case 'createProject':
    case 'createSpace':
      return toCreation(command, ids)
    case 'deleteAll': {
      const { mode, token, organization } = command
      const confirmationToken = token && ids.of(token)
      return {
        document: DELETE_ALL,
        variables: { mode, confirmationToken, organizationId: ids.organization(organization) },
      }
    }
    case 'preview':
      return { document: PREVIEW_ALL, variables: { organizationId: ids.organization(command.organization) } }
    case 'restoreAll':
      return { document: 'RestoreThreads', variables: { batchId: ids.of(command.batch) } }
    case 'deleteSpace':
      return { document: 'DeleteSpace', variables: { spaceId: ids.of(command.space) } }
    case 'reembed':
      return {
        document: REEMBED_SPACE,
        variables: { spaceId: ids.of(command.space), model: command.model },
      }
    case 'cancelReembedding':
      return { document: CANCEL_REEMBEDDING, variables: { reembeddingId: ids.of(memoryName(command)) } }
    case 'cancel':
    case 'retry': {
      const document = command.kind === 'cancel' ? 'CancelBackfill' : 'RetryBackfill'
      return { document, variables: { backfillId: ids.of(linkName(command)) } }
    }
    default:
      return toThreadCall(command, ids)
  }
}

function toCreation(command: Extract<Mutation, { organization: number }>, ids: Ids): Call {
  const organizationId = ids.organization(command.organization)
  switch (command.kind) {
    case 'create': {
      const projectId = command.project && ids.of(command.project)
      const input = { id: ids.of(command.thread), organizationId, projectId }
      return { document: CREATE_THREAD, variables: { input }, tell: ({ thread }) => thread }
    }
    case 'createProject': {
      const { project, hasSandbox } = command
      const sandboxId = hasSandbox ? ids.of(`sandbox of ${project}`) : null
      if (sandboxId !== null && organizationId !== undefined) labelSandbox(sandboxId, organizationId)
      const input = { organizationId, name: project, sandboxId }
      return { document: CREATE_PROJECT, variables: { input } }
    }
    default:
      return {
        document: CREATE_SPACE,
        variables: {
          input: {
            id: ids.of(command.space),
            organizationId,
            name: command.space,
            accessMode: 'ORGANIZATION',
          },
        },
      }
  }
}

function toThreadCall(command: Extract<Mutation, { thread: string }>, ids: Ids): Call {
  const threadId = ids.of(command.thread)
  switch (command.kind) {
    case 'append': {
      const messages = command.messages.map((name) => ({
        id: ids.of(name),
        role: 'USER',
        content: contentOf(name),
      }))
      return { document: APPEND, variables: { threadId, messages }, tell: ({ thread }) => thread }
    }
    case 'edit': {
      const variables = { messageId: ids.of(command.message), content: contentOf(command.text) }
      return { document: EDIT_MESSAGE, variables }
    }
    case 'erase': {
      const variables = { messageId: ids.of(command.message) }
      return { document: DELETE_MESSAGE, variables, tell: ({ thread }) => thread }
    }
    case 'run':
      return { document: 'StartAgentRun', variables: { threadId } }
    case 'restore':
      return { document: 'RestoreThread', variables: { threadId }, tell: ({ thread }) => thread }
    case 'delete':
      return { document: DELETE, variables: { threadId, mode: command.mode } }
    case 'hold':
      return { document: SET_LEGAL_HOLD, variables: { threadId, legalHold: command.isHeld } }
    case 'add':
      return { document: ADD, variables: { threadId, spaceId: ids.of(command.space) } }
    default:
      return {
        document: REMOVE,
        variables: { threadId, spaceId: ids.of((command as { space: string }).space) },
      }
  }
}

export function memoryName({ space }: { space: string }): string {
  return `memory of ${space}`
}

export function linkName({ space, thread }: { space: string; thread: string }): string {
  return `${thread} in ${space}`
}
