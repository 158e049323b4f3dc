import { posix } from 'node:path'
import ts from 'typescript'

/** Finds what breaks the architecture in a set of files, given as their paths and texts, against one order of layers. */
export interface Architecture {
  /** lowest first: a layer imports itself and what stands before it */
  layers: readonly string[]
  /** layers that import fewer than all before them */
  narrow: Readonly<Record<string, readonly string[]>>
  /** the only file that reads the process's environment */
  environment: string
  maxLines: number
}

export type Files = ReadonlyMap<string, string>

// A noun may have two words: `agent.run.service.ts`.
const NAME = /^[a-z][a-z0-9]*(?:\.[a-z][a-z0-9]*){0,2}\.ts$/
const EMPTY_NAMES = new Set(['index', 'util', 'utils', 'helper', 'helpers', 'common'])

/** Every breach as "file: what is wrong", sorted. */
export function findBreaches(files: Files, architecture: Architecture): string[] {
  const sources = new Map([...files].filter(([path]) => path.startsWith('src/')))
  const graph = new Map<string, string[]>()
  const breaches: string[] = []
  for (const [path, text] of files) {
    breaches.push(...nameBreaches(path), ...sizeBreaches(path, text, architecture.maxLines))
  }
  for (const [path, text] of sources) {
    const parsed = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false)
    const imports = importsOf(parsed).filter((target) => target.startsWith('.'))
    const targets = imports.map((target) => resolve(path, target))
    graph.set(path, targets)
    breaches.push(...targets.flatMap((target) => layerBreaches(path, target, architecture)))
    if (layerOf(path, architecture.layers) === null) breaches.push(`${path}: stands in no layer`)
    if (path !== architecture.environment && readsEnvironment(parsed)) {
      breaches.push(`${path}: reads the environment`)
    }
    if (hasDefaultExport(parsed)) breaches.push(`${path}: has a default export`)
  }
  return [
    ...breaches,
    ...cyclesOf(graph).map((cycle) => `${cycle[0]}: imports itself: ${cycle.join(' → ')}`),
  ].sort(byText)
}

/** The layer of a file: `src/platform/…`, `src/features/threads/…`, `src/app.ts`. */
export function layerOf(path: string, layers: readonly string[]): string | null {
  const [, first = '', second = ''] = path.split('/')
  if (first === 'generated') return 'platform'
  const layer = first === 'features' ? second : (first.split('.')[0] ?? '')
  return layers.includes(layer) ? layer : null
}

function layerBreaches(path: string, target: string, { layers, narrow }: Architecture): string[] {
  if (!target.startsWith('src/')) return [`${path}: imports ${target}, which is outside src`]
  const from = layerOf(path, layers)
  const to = layerOf(target, layers)
  if (from === null || to === null || from === to) return []
  const allowed = narrow[from] ?? layers.slice(0, layers.indexOf(from))
  return allowed.includes(to) ? [] : [`${path}: ${from} imports ${to} (${target})`]
}

function nameBreaches(path: string): string[] {
  const words = path.split(/[/.]/)
  const empty = words.find((word) => EMPTY_NAMES.has(word))
  if (empty !== undefined) return [`${path}: "${empty}" names nothing`]
  const name = posix.basename(path).replace(/\.test\.ts$/, '.ts')
  return path.endsWith('.ts') && !NAME.test(name) ? [`${path}: is not named <noun>.<role>.ts`] : []
}

function sizeBreaches(path: string, text: string, maxLines: number): string[] {
  const lines = text.replace(/\n$/, '').split('\n').length
  return lines > maxLines ? [`${path}: has ${lines} lines, more than ${maxLines}`] : []
}

function importsOf(source: ts.SourceFile): string[] {
  const found: string[] = []
  walk(source, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0])
  })
  return found

  function add(specifier: ts.Node | undefined): void {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text)
  }
}

// `process.env`, `process['env']`, `const { env } = process` and `import { env } from 'node:process'`.
function readsEnvironment(source: ts.SourceFile): boolean {
  return some(source, (node) => {
    if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env'
    if (ts.isElementAccessExpression(node)) return isProcess(node.expression)
    if (ts.isVariableDeclaration(node)) return node.initializer !== undefined && isProcess(node.initializer)
    return ts.isImportDeclaration(node) && /^'(?:node:)?process'$/.test(node.moduleSpecifier.getText(source))
  })
}

function isProcess(node: ts.Expression): boolean {
  return ts.isIdentifier(node)
    ? node.text === 'process'
    : ts.isPropertyAccessExpression(node) && node.name.text === 'process'
}

function hasDefaultExport(source: ts.SourceFile): boolean {
  return some(source, (node) => {
    if (ts.isExportAssignment(node)) return true
    if (ts.isExportSpecifier(node)) return node.name.text === 'default'
    return node.kind === ts.SyntaxKind.DefaultKeyword && ts.isModifier(node)
  })
}

/** Groups of files of which each reaches every other, `import type` included. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const reach = new Map([...graph.keys()].map((path) => [path, reachableFrom(graph, path)]))
  const inCycle = [...graph.keys()].filter((path) => reach.get(path)?.has(path)).sort(byText)
  const groups = inCycle.map((path) => [
    path,
    ...inCycle.filter(
      (other) => other !== path && reach.get(path)?.has(other) && reach.get(other)?.has(path),
    ),
  ])
  return groups.filter((group) => group.every((path) => path >= (group[0] ?? '')))
}

function reachableFrom(graph: ReadonlyMap<string, readonly string[]>, start: string): Set<string> {
  const seen = new Set<string>()
  const waiting = [...(graph.get(start) ?? [])]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    waiting.push(...(graph.get(path) ?? []))
  }
  return seen
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}

function resolve(from: string, target: string): string {
  return posix.join(posix.dirname(from), target).replace(/\.js$/, '.ts')
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

function some(source: ts.SourceFile, matches: (node: ts.Node) => boolean): boolean {
  let found = false
  walk(source, (node) => {
    found ||= matches(node)
  })
  return found
}
