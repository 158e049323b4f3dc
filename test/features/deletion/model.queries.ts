import type { Json, TestClient } from '../../support/client.js'

/** What a world asks once, at its end. */

const PARKED_EFFECTS = `query ($organizationId: ID!) {
  parkedEffects(organizationId: $organizationId, first: 100) { edges { node { id } } }
}`

const AUDIT_EVENTS = `query ($after: String) {
  auditEvents(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
}`

export async function auditEventsOf(user: TestClient): Promise<Json[]> {
  const events: Json[] = []
  for (let after: string | null = null; ; ) {
    const { auditEvents }: Json = await user.must(AUDIT_EVENTS, { after })
    events.push(...auditEvents.edges)
    if (!auditEvents.pageInfo.hasNextPage) return events
    after = auditEvents.pageInfo.endCursor
  }
}

export async function parkedEffectsOf(administrator: TestClient, organizationId: string): Promise<string[]> {
  const { parkedEffects } = await administrator.must(PARKED_EFFECTS, { organizationId })
  return parkedEffects.edges.map(({ node }: Json) => node.id)
}

/** What the messages of a thread say. */
export async function messagesOf(reader: TestClient, id: string): Promise<{ id: string; content: string }[]> {
  const { thread } = await reader.must('Thread', { id, first: 100 })
  return thread.messages.edges.map(({ node }: Json) => node)
}
