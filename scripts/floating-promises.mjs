// Finds promises that are not awaited, with TypeScript's own types. Biome has the rule too, and is quicker, but it
// cannot follow the types of Prisma's client: there a write without `await` is never sent at all.
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

/** One line for each: "file:line:column: …". */
export function findFloatingPromises(program, isOurs) {
  const checker = program.getTypeChecker()
  const found = []
  for (const file of program.getSourceFiles().filter((file) => isOurs(file.fileName))) {
    const visit = (node) => {
      if (isDropped(node, checker)) {
        const { line, character } = file.getLineAndCharacterOfPosition(node.getStart(file))
        found.push(`${file.fileName}:${line + 1}:${character + 1}: nobody waits for this promise`)
      }
      ts.forEachChild(node, visit)
    }
    visit(file)
  }
  return found
}

// As a statement, or as the value of `() => …` where the caller expects no promise: `ids.forEach((id) => remove(id))`.
function isDropped(node, checker) {
  if (ts.isExpressionStatement(node)) return floats(node.expression, checker)
  if (!ts.isArrowFunction(node) || ts.isBlock(node.body)) return false
  const callers = checker.getContextualType(node)?.getCallSignatures() ?? []
  const expectNothing = callers.every((caller) => caller.getReturnType().flags & ts.TypeFlags.Void)
  return callers.length > 0 && expectNothing && floats(node.body, checker)
}

function floats(expression, checker) {
  if (ts.isParenthesizedExpression(expression)) return floats(expression.expression, checker)
  if (ts.isConditionalExpression(expression)) {
    return floats(expression.whenTrue, checker) || floats(expression.whenFalse, checker)
  }
  if (ts.isBinaryExpression(expression)) {
    // The value of an assignment is kept; of `a && b` and `a, b` it is that of a side.
    const { kind } = expression.operatorToken
    const kept = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment
    return !kept && (floats(expression.left, checker) || floats(expression.right, checker))
  }
  const makes = [ts.isCallExpression, ts.isNewExpression, ts.isTaggedTemplateExpression]
  if (!makes.some((is) => is(expression))) return false
  return !isHandled(expression) && isPending(checker.getTypeAtLocation(expression), checker)
}

// `.catch(handler)` and `.then(done, handler)` settle it.
function isHandled({ expression, arguments: given = [] }) {
  const name = expression && ts.isPropertyAccessExpression(expression) ? expression.name.text : ''
  return (name === 'catch' && given.length > 0) || (name === 'then' && given.length > 1)
}

function isPending(type, checker) {
  if (type.isUnion()) return type.types.some((part) => isPending(part, checker))
  if (checker.isArrayType(type))
    return checker.getTypeArguments(type).some((part) => isPending(part, checker))
  const then = type.getProperty('then')
  return then !== undefined && checker.getTypeOfSymbol(then).getCallSignatures().length > 0
}

/** The program of a project as its tsconfig.json describes it. */
export function openProgram(configPath) {
  const { config, error } = ts.readConfigFile(configPath, ts.sys.readFile)
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'))
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(configPath))
  return ts.createProgram(fileNames, options)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const configPath = resolve(process.argv[2] ?? 'tsconfig.json')
  const found = findFloatingPromises(
    openProgram(configPath),
    (name) => !name.includes('/node_modules/') && !name.includes('/src/generated/'),
  )
  if (found.length > 0) console.error(found.join('\n'))
  process.exitCode = found.length > 0 ? 1 : 0
}
