import { expect, test } from 'vitest'
import { BodyBudget } from '../../../src/server/http/body.budget.js'

const REFUSED = expect.objectContaining({
  code: 'SERVICE_UNAVAILABLE',
  systemMessage: 'No room for another body',
})

test('one caller takes a quarter of the room, all together no more than there is, and gets back what it gave', () => {
  const budget = new BodyBudget(100)
  const first = budget.open('user_1')
  first.take(25)
  expect(() => budget.open('user_1').take(1)).toThrow(REFUSED)
  for (const caller of ['user_2', 'user_3', null]) budget.open(caller).take(25)
  expect(() => budget.open('user_4').take(1)).toThrow(REFUSED)

  first.giveBack()

  budget.open('user_4').take(25)
  expect(() => budget.open('user_1').take(1)).toThrow(REFUSED)
})
