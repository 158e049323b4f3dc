import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Architecture, findBreaches } from './support/architecture.js'
import { statementBreaches } from './support/statement.breaches.js'

/** THE order: each layer imports itself and the layers before it, and nothing else. */
const ARCHITECTURE: Architecture = {
  layers: [
    'platform',
    'audit',
    'usage',
    'access',
    'organizations',
    'projects',
    'threads',
    'messages',
    'backfills',
    'embedders',
    'stores',
    'spaces',
    'links',
    'reembedding',
    'maintenance',
    'embeddings',
    'deletion',
    'search',
    'administration',
    'server',
    'app',
    'main',
    'commands',
  ],
  // A command is a client of its own gateway: it goes through GraphQL.
  narrow: { commands: ['platform', 'app'] },
  environment: 'src/platform/config/config.ts',
  maxLines: 250,
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

// Files that are not committed yet count too, so that a breach shows before the commit.
const PATHS = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)))

function read(paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

describe('the tree', () => {
  test('keeps the order of layers, the names, the sizes, and one reader of the environment', () => {
    const files = read(PATHS.filter((path) => /^(?:src|test)\/.*\.ts$/.test(path)))
    expect(files.size).toBeGreaterThan(20)
    expect(findBreaches(files, ARCHITECTURE)).toEqual([])
  })

  test('waits in tests through `eventually` alone, whose deadline only a hang meets', () => {
    const files = read(PATHS.filter((path) => /^test\/.*\.ts$/.test(path)))
    files.delete('test/support/eventually.ts')
    files.delete('test/architecture.test.ts')
    expect(
      [...files].filter(([, text]) => /\bvi\.waitFor\(|\.poll\(/.test(text)).map(([path]) => path),
    ).toEqual([])
  })

  test('keeps statements in *.sql.ts, each with the row that it declares and no caller asserts', () => {
    expect(statementBreaches(read(PATHS.filter((path) => /^src\/.*\.ts$/.test(path))))).toEqual([])
  })

  test('names no package registry and no absolute path of a machine', () => {
    expect(findLocalNames(read(PATHS))).toEqual([])
  })
})

// Where packages come from and where a checkout lies differ from machine to machine.
const LOCAL_NAMES = [
  /https?:\/\/[^\s"'`/)]*(?:registry|verdaccio|artifactory|nexus|mirror)[^\s"'`)]*/i,
  /^\s*(?:@[\w-]+:)?registry\s*=/m,
  /"resolved"\s*:\s*"http/,
  /(?<![\w.}-])\/(?:work|root|Users|home\/\w+)\/[\w.]/,
]

function findLocalNames(files: ReadonlyMap<string, string>): string[] {
  return [...files]
    .filter(([, text]) => !text.includes('\0'))
    .flatMap(([path, text]) =>
      LOCAL_NAMES.flatMap((name) => name.exec(text) ?? []).map((hit) => `${path}: ${hit}`),
    )
}

describe('the check', () => {
  const layers = ['platform', 'audit', 'threads', 'server', 'app', 'main', 'commands']

  function breaches(files: Record<string, string>): string[] {
    return findBreaches(new Map(Object.entries(files)), { ...ARCHITECTURE, layers })
  }

  test('passes imports along the order, and of the same layer', () => {
    expect(
      breaches({
        'src/platform/log.ts': "import { pino } from 'pino'\nimport '../generated/prisma/client.js'",
        'src/features/audit/audit.trail.ts': "import '../../platform/log.js'",
        'src/features/threads/thread.sql.ts': "import type { A } from '../audit/audit.trail.js'",
        'src/features/threads/thread.service.ts': "import './thread.sql.js'",
        'src/app.ts': "import './features/threads/thread.service.js'\nconst process = { pid: 1 }.pid",
        'src/main.ts': "import './app.js'",
        'src/commands/tour.command.ts': "import '../app.js'\nimport '../platform/log.js'",
        'test/features/thread.service.test.ts': "process.env['X']",
      }),
    ).toEqual([])
  })

  test.each([
    ["import '../features/audit/audit.trail.js'"],
    ["import type { A } from '../features/audit/audit.trail.js'"],
    ["export * from '../features/audit/audit.trail.js'"],
    ["export type { A } from '../features/audit/audit.trail.js'"],
    ["const audit = await import('../features/audit/audit.trail.js')"],
    ["type A = import('../features/audit/audit.trail.js').A"],
    ['import(`../features/audit/audit.trail.js`)'],
  ])('finds an import against the order: %s', (text) => {
    expect(breaches({ 'src/platform/log.ts': text })).toEqual([
      'src/platform/log.ts: platform imports audit (src/features/audit/audit.trail.ts)',
    ])
  })

  test('finds a feature that imports a later one, a command that imports a feature, and a way out of src', () => {
    expect(
      breaches({
        'src/features/audit/audit.trail.ts': "import '../threads/thread.sql.js'",
        'src/commands/tour.ts': "import '../features/threads/thread.sql.js'",
        'src/app.ts': "import '../test/support/seed.js'",
        'src/features/stray/stray.ts': '',
      }),
    ).toEqual([
      'src/app.ts: imports test/support/seed.ts, which is outside src',
      'src/commands/tour.ts: commands imports threads (src/features/threads/thread.sql.ts)',
      'src/features/audit/audit.trail.ts: audit imports threads (src/features/threads/thread.sql.ts)',
      'src/features/stray/stray.ts: stands in no layer',
    ])
  })

  test('finds a circle of imports once, types included', () => {
    expect(
      breaches({
        'src/platform/b.ts': "import type { C } from './c.js'",
        'src/platform/a.ts': "import './b.js'",
        'src/platform/c.ts': "export * from './a.js'",
        'src/platform/d.ts': "import './a.js'",
      }),
    ).toEqual([
      'src/platform/a.ts: imports itself: src/platform/a.ts → src/platform/b.ts → src/platform/c.ts',
    ])
  })

  test.each([
    'process.env.PORT',
    "process['env']",
    'globalThis.process.env',
    'const { env } = process',
    "import { env } from 'node:process'",
  ])('finds the environment read elsewhere: %s', (text) => {
    expect(breaches({ 'src/platform/log.ts': text })).toEqual(['src/platform/log.ts: reads the environment'])
    expect(breaches({ 'src/platform/config/config.ts': text })).toEqual([])
  })

  test.each(['export default 1', 'export default function f() {}', 'const a = 1\nexport { a as default }'])(
    'finds a default export: %s',
    (text) => {
      expect(breaches({ 'src/platform/log.ts': text })).toEqual(['src/platform/log.ts: has a default export'])
    },
  )

  test('finds names that say nothing, names of another form, and long files', () => {
    const long = '\n'.repeat(251)
    expect(
      breaches({
        'src/platform/index.ts': '',
        'src/utils/text.ts': '',
        'src/platform/dataLock.ts': '',
        'src/platform/a.b.c.d.ts': '',
        'test/support/helpers.ts': '',
        'test/platform/data.lock.test.ts': long,
      }),
    ).toEqual([
      'src/platform/a.b.c.d.ts: is not named <noun>.<role>.ts',
      'src/platform/dataLock.ts: is not named <noun>.<role>.ts',
      'src/platform/index.ts: "index" names nothing',
      'src/utils/text.ts: "utils" names nothing',
      'src/utils/text.ts: stands in no layer',
      'test/platform/data.lock.test.ts: has 251 lines, more than 250',
      'test/support/helpers.ts: "helpers" names nothing',
    ])
  })

  test('finds a statement outside *.sql.ts, and a row that a caller asserts', () => {
    const text = 'tx.query<{ id: string }>(selectThread(id))\nconst all = sql<Row>`select 1`'
    expect(
      statementBreaches(
        new Map([
          ['src/features/threads/thread.service.ts', text],
          ['src/features/threads/thread.sql.ts', text],
        ]),
      ),
    ).toEqual([
      'src/features/threads/thread.service.ts: asserts the row of a statement',
      'src/features/threads/thread.service.ts: has a statement of its own',
      'src/features/threads/thread.sql.ts: asserts the row of a statement',
    ])
  })

  test('finds a registry and the paths of a machine, and not a path of the project', () => {
    const host = ['https:/', 'registry.example.org/'].join('/')
    const path = ['', 'work', 'main'].join('/')
    expect(
      findLocalNames(
        new Map([
          ['a', host],
          ['b', `see ${path}`],
          ['c', 'src/work/main /graphiql/worker.js'],
        ]),
      ),
    ).toEqual([`a: ${host}`, `b: ${path.slice(0, 7)}`])
  })
})
