import type { Output } from '../../src/commands/progress.bar.js'

/** Keeps what a command writes. */
export class MemoryOutput implements Output {
  text = ''
  readonly columns = 100

  constructor(readonly interactive = false) {}

  write(text: string): void {
    this.text += text
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '')
  }
}
