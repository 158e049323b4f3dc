import { type Conversation, toConversation } from './import.conversation.js'

/** The long thread of the tour: a year of a team's log, identical in every run. */

const PEOPLE = ['Priya', 'Tomás', 'Ingrid', 'Kwame', 'Mei', 'Oskar', 'Leila', 'Hugo', 'Sana', 'Jonas']
const PARTS = ['search page', 'mobile app', 'sign-up form', 'report view', 'message list', 'settings page']
const STATES = ['is in review', 'is merged', 'waits for a second look', 'needs one more test', 'is released']
const PLANS = [
  'write the tests',
  'tidy up the layout',
  'talk to design',
  'measure it again',
  'split the change',
]

const ROUTINE: readonly ((person: string, part: string, index: number) => string)[] = [
  (person, part, index) => `${person}: my change to the ${part} ${pick(STATES, index)}.`,
  (person, part, index) => `${person}: today I ${pick(PLANS, index)} for the ${part}.`,
  (person, part, index) => `${person}: the ${part} has ${(index % 7) + 2} open tickets, I take the oldest.`,
  (person, part) => `${person}: can somebody look at the ${part} with me after lunch?`,
  (person, part, index) => `${person}: the build of the ${part} took ${(index % 9) + 3} minutes.`,
  (person, part) => `${person}: nothing blocks me, I go on with the ${part}.`,
  (person, part, index) => `${person}: I ${pick(PLANS, index + 2)} before we show the ${part} on Friday.`,
]

// Entries worth searching for among all of the others.
const EVENTS: readonly string[] = [
  'Priya: the TLS certificate of the public website expires on 14 March; I renew it and keep the key in the vault.',
  'Kwame: we moved the nightly backups to a data centre in Frankfurt because the disks in Dublin kept failing.',
  'Leila: customers in Brazil were charged twice for one order. I sent refunds and an apology to all 31 of them.',
  'Oskar: the dishwasher in the office kitchen leaks. The plumber comes on Thursday morning.',
  'Mei: our flights to the conference in Lisbon are booked, and the hotel is ten minutes from the venue on foot.',
  'Hugo: the new intern starts on Monday. Sana is her mentor and shows her around the building.',
  'Ingrid: the outage last night began when a power cut hit the warehouse; everything was back after 47 minutes.',
  'Jonas: legal says that we must delete the personal data of former users within thirty days.',
]

export const LOG_TITLE = 'A year of team log'

export function teamLog(messageCount: number, namespace: string): Conversation {
  const apart = Math.max(Math.floor(messageCount / EVENTS.length), 1)
  const offset = Math.floor(apart / 2)
  const messages = Array.from({ length: messageCount }, (_, index) => {
    const event = index % apart === offset ? EVENTS[Math.floor(index / apart)] : undefined
    return {
      id: undefined,
      role: 'user',
      content: event ?? routine(index),
      createdAt: timeOf(index, messageCount),
    }
  })
  const createdAt = timeOf(0, messageCount)
  return toConversation({ id: undefined, title: LOG_TITLE, createdAt, messages }, namespace, LOG_TITLE)
}

function routine(index: number): string {
  const day = Math.floor(index / 80) + 1
  // Pairwise coprime steps, so that the lists do not repeat in step.
  const sentence = pick(ROUTINE, index)(
    pick(PEOPLE, index * 3 + day),
    pick(PARTS, index * 5 + day),
    index + day,
  )
  return `Day ${day}, ${sentence}`
}

function timeOf(index: number, messageCount: number): string {
  const start = Date.UTC(2024, 0, 2, 9)
  const year = 364 * 24 * 3600 * 1000
  return new Date(start + Math.floor((index / messageCount) * year)).toISOString()
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item
}
