import type { Found, Look, Subject, WatchedState } from './watch.kind.js'
import type { WatchTopic } from './watch.topic.js'

/** Groups topics that one query can read together. */
export function byKind(topics: Iterable<WatchTopic>): WatchTopic[][] {
  return [...groupBy(topics, ({ kind }) => kind).values()]
}

export function groupBy<Key, Item>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** All topics must be of one kind. */
export function look(
  topics: readonly WatchTopic[],
  lookOf: (topic: WatchTopic) => Look<Subject> | null,
): Promise<Found<WatchedState>> {
  const [first] = topics
  return (first as WatchTopic).kind.look(topics.flatMap((topic) => lookOf(topic) ?? []))
}
