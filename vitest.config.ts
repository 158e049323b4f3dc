import { defineConfig } from 'vitest/config'

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
    // Vitest leaves a core to others, which on two halves the speed.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
