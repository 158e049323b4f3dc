import ts from 'typescript'
import { combinations, samplesOf } from './statement.samples.js'

/** A column as a statement's row declares it. */
export interface DeclaredColumn {
  name: string
  /** `string`, `number`, `bigint`, `boolean`, `Date`, `Bytes`, `json`, an enum's values, or one of them with `[]` */
  type: string
  isNullable: boolean
}

/** A function that creates a statement, as the compiler knows it. */
export interface DeclaredStatement {
  file: string
  name: string
  row: readonly DeclaredColumn[]
  /** what to call it with, so that each part that its text may have is in one of the texts */
  calls: readonly (readonly unknown[])[]
}

/** Every function that these files export and that creates a statement. A statement that is no such function is an error. */
export function readDeclarations(root: string, files: readonly string[]): DeclaredStatement[] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram([...files], options)
  const checker = program.getTypeChecker()
  return files.flatMap((file) => {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    if (!source || !module) throw new Error(`${file} exports nothing`)
    const names: string[] = []
    const statements = checker.getExportsOfModule(module).flatMap((symbol): DeclaredStatement[] => {
      const [signature] = checker.getTypeOfSymbolAtLocation(symbol, source).getCallSignatures()
      const row = signature && rowOf(signature.getReturnType())
      if (!row) return []
      names.push(symbol.name)
      // A frame for statements of any row: those that it is used for are described.
      if (signature.typeParameters) return []
      const choices = signature
        .getParameters()
        .map((each) => samplesOf(checker, checker.getTypeOfSymbolAtLocation(each, source)))
      return [{ file, name: symbol.name, row: columnsOf(checker, row), calls: combinations(choices) }]
    })
    requireAll(file, source, names)
    return statements
  })
}

/** A text with a row of its own within a function that is not one of the statements would go unseen. */
function requireAll(file: string, source: ts.SourceFile, names: readonly string[]): void {
  const visit = (node: ts.Node, isWithin: boolean): void => {
    const isStatement =
      (ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node)) &&
      names.includes(node.name?.getText() ?? '')
    const isTyped = ts.isTaggedTemplateExpression(node) && node.tag.getText() === 'sql' && node.typeArguments
    if (isTyped && !isWithin) throw new Error(`${file}: a row is declared outside an exported statement`)
    ts.forEachChild(node, (child) => visit(child, isWithin || isStatement))
  }
  visit(source, false)
}

function rowOf(type: ts.Type): ts.Type | null {
  return type.aliasSymbol?.name === 'Statement' ? (type.aliasTypeArguments?.[0] ?? null) : null
}

function columnsOf(checker: ts.TypeChecker, row: ts.Type): DeclaredColumn[] {
  return checker.getPropertiesOfType(row).map((property) => {
    const type = checker.getTypeOfSymbol(property)
    const present = checker.getNonNullableType(type)
    return {
      name: property.name,
      type: kindOf(checker, present),
      isNullable: type !== present && !isAnything(type),
    }
  })
}

function isAnything(type: ts.Type): boolean {
  return (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0
}

function kindOf(checker: ts.TypeChecker, type: ts.Type): string {
  if (checker.isArrayType(type)) {
    const [element] = checker.getTypeArguments(type as ts.TypeReference)
    return `${element ? kindOf(checker, element) : 'unknown'}[]`
  }
  const parts = type.isUnion() ? type.types : [type]
  if (parts.every((part) => part.isStringLiteral())) {
    return parts
      .map((part) => (part as ts.StringLiteralType).value)
      .sort()
      .join(' | ')
  }
  const name = type.symbol?.name
  if (name === 'Date') return 'Date'
  if (name === 'Buffer' || name === 'Uint8Array') return 'Bytes'
  const text = checker.typeToString(checker.getBaseTypeOfLiteralType(type))
  return /^(?:string|number|bigint|boolean)$/.test(text) ? text : 'json'
}
