import { expect, test } from 'vitest'
import { type Conversation, toConversation } from '../../src/commands/import.conversation.js'
import { recognise } from '../../src/commands/import.formats.js'

const hello = { messages: [message('Hello')] }

test('an id is kept when it can be one', () => {
  expect(convert({ id: 'thrd_abc', ...hello }, 'org_1').id).toBe('thrd_abc')
})

test('a conversation without an id has one of its content', () => {
  expect(convert(hello).id).toMatch(/^thrd_[\da-f]{40}$/)
  expect(convert({ ...hello }).id).toBe(convert(hello).id)
  expect(convert({ messages: [message('Hello!')] }).id).not.toBe(convert(hello).id)
})

test('two tenants that import the same content get two threads', () => {
  expect(convert(hello, 'org_1').id).not.toBe(convert(hello, 'org_2').id)
})

test('a number is no id, because other files count their rows too', () => {
  expect(convert({ id: 7, ...hello }).id).toBe(convert(hello).id)
})

test('an id with characters that no id may have still tells conversations apart', () => {
  expect(convert({ id: 'one space', ...hello }).id).toMatch(/^thrd_[\da-f]{40}$/)
  expect(convert({ id: 'one space', ...hello }).id).not.toBe(convert({ id: 'two spaces', ...hello }).id)
  expect(convert({ id: 'one space', ...hello }).id).toBe(
    convert({ id: 'one space', messages: [message('More'), message('text')] }).id,
  )
})

test('messages follow the ids of the export wherever they stand', () => {
  const first = { id: 'm1', ...message('One') }
  const second = { id: 'm2', ...message('Two') }

  expect(messageIds([first, second])).toEqual(messageIds([second, first]).reverse())
})

test('messages without ids keep theirs when the conversation grows, even if one without text is between them', () => {
  const short = [message('One'), { role: 'assistant', content: null }, message('Two')]

  expect(messageIds([...short, message('Three')]).slice(0, 2)).toEqual(messageIds(short))
})

test('no two messages of a conversation share an id', () => {
  const twice = { id: 'm1', ...message('One') }

  expect(new Set(messageIds([twice, twice, message('Two'), message('Two')])).size).toBe(4)
})

test('the same message id in two conversations gives two ids', () => {
  const messages = [{ id: 'm1', ...message('One') }]

  expect(convert({ id: 'a', messages }).messages[0]?.id).not.toBe(
    convert({ id: 'b', messages }).messages[0]?.id,
  )
})

test('what PostgreSQL cannot store is replaced, and that is reported', () => {
  const stored = convert({ title: 'a\0b', messages: [message('fine'), message('half \ud800 and NUL \0')] })

  expect(stored.title).toBe('a\ufffdb')
  expect(stored.messages.map(({ content }) => content)).toEqual(['fine', 'half \ufffd and NUL \ufffd'])
  expect(stored.notes).toEqual([
    'the title has NUL at position 1, which is imported as U+FFFD',
    'message 2 has the lone surrogate U+D800 at position 5, which is imported as U+FFFD',
  ])
})

test('a title that is too long is cut, and no character of it is divided', () => {
  expect(convert({ title: `${'x'.repeat(254)}😀`, messages: [] }).title).toBe('x'.repeat(254))
})

test('an unknown role does not prevent the import, and is reported', () => {
  const { messages, notes } = convert({ messages: [message('One'), { role: 'narrator', content: 'Two' }] })

  expect(messages.map(({ role, content }) => [role, content])).toEqual([
    ['USER', 'One'],
    ['USER', 'Two'],
  ])
  expect(notes).toEqual(['message 2 has the unknown role "narrator" and is imported as USER'])
})

test.each([
  ['developer', 'SYSTEM'],
  ['function', 'TOOL'],
  ['ipython', 'TOOL'],
  ['ai', 'ASSISTANT'],
  ['prompter', 'USER'],
])('the role %s of other systems is %s', (role, expected) => {
  const { messages, notes } = convert({ messages: [{ role, content: 'x' }] })

  expect(messages[0]?.role).toBe(expected)
  expect(notes).toBeUndefined()
})

test('a turn that only calls tools says which, and with what', () => {
  const call = (name: string, given: unknown) => ({ type: 'function', function: { name, arguments: given } })
  const { messages, notes } = convert({
    messages: [
      { role: 'assistant', content: null, tool_calls: [call('weather', '{"city":"Oslo"}'), call('now', {})] },
      { role: 'assistant', tool_calls: [call('now', undefined)] },
      { role: 'assistant', content: 'Let me look.', function_call: { name: 'look', arguments: '{}' } },
      { role: 'assistant', content: [{ type: 'tool_use', name: 'find', input: { word: 'loom' } }] },
      { role: 'user', content: [{ type: 'tool_result', content: [{ type: 'text', text: 'found' }] }] },
    ],
  })

  expect(messages.map(({ content }) => content)).toEqual([
    'weather({"city":"Oslo"})\nnow({})',
    'now({})',
    'Let me look.\nlook({})',
    'find({"word":"loom"})',
    'found',
  ])
  expect(notes).toBeUndefined()
})

test('a message without any text is skipped, and that is reported', () => {
  const picture = { type: 'image_url', image_url: { url: 'data:,' } }
  const { messages, notes } = convert({
    messages: [message('One'), { role: 'user', content: [picture] }, { role: 'assistant', content: null }],
  })

  expect(messages).toHaveLength(1)
  expect(notes).toEqual(['message 2 has no text and is left out', 'message 3 has no text and is left out'])
})

test('a message beyond 1 MiB is refused', () => {
  expect(() => convert({ messages: [message('x'.repeat(1024 * 1024 + 1))] })).toThrow(
    'message 1 is larger than 1 MiB',
  )
})

test.each([
  [1714557600, '2024-05-01T10:00:00.000Z'],
  [1714557600000, '2024-05-01T10:00:00.000Z'],
  ['2024-05-01T12:00:00+02:00', '2024-05-01T10:00:00.000Z'],
  [null, null],
])('the time %s is read', (createdAt, expected) => {
  expect(convert({ createdAt, messages: [] }).createdAt).toBe(expected)
})

function message(content: string) {
  return { role: 'user', content }
}

function convert(value: unknown, namespace = ''): Conversation {
  return toConversation(recognise(value), namespace, 'file:1')
}

function messageIds(messages: unknown[]): string[] {
  return convert({ id: 'thrd_abc', messages }).messages.map(({ id }) => id)
}
