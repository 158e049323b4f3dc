// Module hooks that let a worker thread of a test run the TypeScript sources that the test itself runs: `./x.js`, where
// it is not built, is `./x.ts`, its types cut off. Vitest transforms its own modules, but not those of a worker thread.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

export async function resolve(specifier, context, nextResolve) {
  if (/^(\.|file:).*\.js$/.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL)
    if (!source.pathname.includes('/node_modules/') && existsSync(source)) {
      return { url: source.href, format: 'module', shortCircuit: true }
    }
  }
  return nextResolve(specifier, context)
}

export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
  const { ModuleKind, ScriptTarget, transpileModule } = require('typescript')
  const { outputText } = transpileModule(await readFile(fileURLToPath(url), 'utf8'), {
    compilerOptions: { module: ModuleKind.ESNext, target: ScriptTarget.ES2023, inlineSourceMap: true },
  })
  return { format: 'module', source: outputText, shortCircuit: true }
}
