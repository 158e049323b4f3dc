import { expect, test } from 'vitest'
import { ProgressBar } from '../../src/commands/progress.bar.js'
import { MemoryOutput } from './memory.output.js'

const ERASE = '\r\u001b[2K'

test('without a terminal a line is written at every tenth part', () => {
  const output = new MemoryOutput()
  const bar = new ProgressBar(output, 'Import')

  for (let step = 0; step <= 1000; step++) bar.update(step / 1000, () => `step ${step}`)
  bar.finish('done')

  expect(output.lines).toHaveLength(12)
  expect(output.lines.slice(0, 2)).toEqual(['Import: 0 % step 0', 'Import: 10 % step 100'])
  expect(output.lines.at(-1)).toBe('Import: done')
})

test('on a terminal the bar is redrawn in its line, and not more often than is seen', () => {
  const output = new MemoryOutput(true)
  let now = 0
  const bar = new ProgressBar(output, 'Import', () => now)

  for (; now < 1000; now++) bar.update(now / 1000, () => '')

  expect(output.text.split(ERASE).length - 1).toBe(13)
  expect(output.text).not.toContain('\n')
})

test('a separate line is printed above the bar, which is redrawn', () => {
  const output = new MemoryOutput(true)
  const bar = new ProgressBar(output, 'Import', () => 0)

  bar.update(0.5, () => 'half')
  const drawn = output.text.replace(ERASE, '')
  bar.print('file:3: bad')

  expect(output.text).toBe(`${ERASE}${drawn}${ERASE}file:3: bad\n${drawn}`)
})
