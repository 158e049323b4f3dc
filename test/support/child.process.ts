import { type ChildProcess, spawn } from 'node:child_process'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface ChildOptions {
  /** where it runs, and finds its `.env` */
  directory: string
  arguments?: readonly string[]
  environment?: Record<string, string>
}

/** A Node process of a test: what it prints, how it ends, and that it is gone when the test is. */
export class TestProcess implements AsyncDisposable {
  /** standard output */
  output = ''
  /** standard error */
  errors = ''
  readonly exit: Promise<Exit>
  readonly #child: ChildProcess

  constructor(entry: string, options: ChildOptions) {
    // Nothing of the environment that the tests themselves run in, which may name databases and ports.
    const { PATH, HOME, TMPDIR } = process.env
    const env = { PATH, HOME, TMPDIR, ...options.environment }
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
    const child = spawn(process.execPath, [entry, ...(options.arguments ?? [])], {
      cwd: options.directory,
      env,
      stdio,
    })
    this.#child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.exit = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The first line of output. Fails with what it complained of when it ends before. */
  firstLine(): Promise<string> {
    return this.printed(/^.*(?=\n)/)
  }

  /** The first match in the output, once it is there. */
  printed(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const [found] = pattern.exec(this.output) ?? []
        if (found !== undefined) resolve(found)
      }
      this.#child.stdout?.on('data', look)
      look()
      this.exit.then(
        ({ code }) => reject(new Error(`Ended with ${code}, and did not print ${pattern}: ${this.errors}`)),
        reject,
      )
    })
  }

  kill(signal: NodeJS.Signals): Promise<Exit> {
    this.#child.kill(signal)
    return this.exit
  }

  /** Sends what does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill('SIGKILL')
  }
}
