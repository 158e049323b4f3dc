/** What a user does. */

/** How often, of a hundred times. */
const WEIGHTS = {
  create: 10,
  append: 20,
  appendToCommon: 6,
  edit: 12,
  erase: 6,
  add: 16,
  remove: 6,
  cancel: 5,
  retry: 4,
  hide: 5,
  purge: 3,
  restore: 5,
  deleteAll: 1,
  purgeAll: 1,
} as const

type Act = keyof typeof WEIGHTS

export const ACTS = Object.entries(WEIGHTS).flatMap(([act, weight]) => Array<Act>(weight).fill(act as Act))
