import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** A long file that is begun last leaves the other workers idle: these, in this order, come before all others. */
const LONGEST = [/\/chaos\./, /deletion\.model\.test/, /\/crash\./, /\.e2e\.test/, /\/(?:app|main)\.test/]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((pattern) => pattern.test(moduleId))
  return rank < 0 ? LONGEST.length : rank
}

export default defineConfig({
  resolve: {
    // Vitest would load graphql's ESM build beside the CommonJS one that Node gives Apollo: two realms.
    alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global.setup.ts'],
    setupFiles: ['test/support/matchers.ts'],
    // Worker threads run the sources as the tests do.
    execArgv: ['--import', new URL('./test/support/typescript.register.mjs', import.meta.url).href],
    // A file loads the whole server; loading it anew for each file takes as long as the tests themselves.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Vitest leaves a core to others, which on two halves the speed.
    maxWorkers: '100%',
    // Only what hangs takes as long, on the busiest machine: no test proves a rule by them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
