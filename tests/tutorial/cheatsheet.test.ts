import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { type Feature, findLines } from '../../tutorial/features/feature'
import { featuresFile, stepFiles } from '../../tutorial/features/step-files'
import { ROOT } from '../support/server'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const page = read('TUTORIAL_CHEATSHEET.md')

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)

/** The pieces of code in the text, without those of the blocks. */
const inlineCode = [...page.replace(/^```.*?^```/gms, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** What the compiler says of modules that lie at the top of the project, by name; those need not be on disk. */
const compile = (modules: Map<string, string>): string[] => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: ['types.d.ts'] }, ts.sys, ROOT)
  const host = ts.createCompilerHost(options)
  const paths = new Map([...modules].map(([name, code]) => [join(ROOT, name), code]))
  const { fileExists, readFile } = host
  host.fileExists = (path) => paths.has(path) || fileExists(path)
  host.readFile = (path) => paths.get(path) ?? readFile(path)
  const program = ts.createProgram([...paths.keys()], { ...options, noUnusedLocals: true }, host)
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

const steps = new Map(
  stepFiles.map(({ path, definitions }) => {
    const name = /^ {2}name: '(\w+)'/m.exec(read(path))?.[1] ?? ''
    const isApi = /^ {2}type: 'api'/m.test(read(path))
    return [name, { path, isApi, ids: definitions.map(({ id }) => id) }]
  }),
)

test('Its templates parse, compile, and pass as they stand', () => {
  const modules = new Map([...blocks('tsx'), ...blocks('ts')].map((code, index) => [`cheat-sheet-${index}.tsx`, code]))
  expect(modules.size).toBe(4)
  expect(compile(modules)).toEqual([])
})

test('A template that is wrong would not compile', () => {
  const wrong = blocks('tsx')[0]?.replace('elementXpath:', 'elementXPath:') ?? ''
  expect(compile(new Map([['cheat-sheet.tsx', wrong]])).join()).toContain('elementXPath')
})

test('Its selectors exist', () => {
  const selectors = inlineCode.filter((code) => /^(workbenchXPath|xpath)\./.test(code))
  expect(selectors.length).toBeGreaterThan(30)
  const lines = selectors.map((selector, index) => `export const selector${index}: string = ${selector}`)
  const imports = [
    "import { workbenchXPath } from '@motiadev/workbench'",
    "import { xpath } from './tutorial/workbench/selectors'",
  ]
  expect(compile(new Map([['cheat-sheet.ts', [...imports, ...lines].join('\n')]]))).toEqual([])
})

test('Its feature template is one of the features', () => {
  const [template = ''] = blocks('json')
  const features: Feature[] = JSON.parse(template)
  const real: Feature[] = JSON.parse(read(featuresFile('steps/javascript/create-pet.step.ts')))
  expect(features).toHaveLength(1)
  expect(real).toEqual(expect.arrayContaining(features))
  const definition = { id: 'success-response', startsOn: '  // 4.', endsOn: '  return { status: 201' }
  expect(page).toContain(`startsOn: '${definition.startsOn}',\n  endsOn: '${definition.endsOn}'`)
  expect(() =>
    findLines(read('steps/javascript/create-pet.step.ts'), { title: '', description: '', ...definition }),
  ).not.toThrow()
})

test('Its table of feature ids is complete, and right for each step', () => {
  const table = page.slice(page.search(/^\| Id +\| In the code of/m), page.indexOf('## Steps'))
  const rows = [...table.matchAll(/^\| (`.+`) +\| (.+?) +\|$/gm)].flatMap(([, ids = '', where = '']) =>
    [...ids.matchAll(/`([^`]+)`/g)].map(([, id = '']) => ({ id, where })),
  )
  const jsSteps = [...steps].filter(([name]) => name.startsWith('Js'))
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(jsSteps.flatMap(([, { ids }]) => ids)))
  for (const { id, where } of rows) {
    const isNamed = (name: string, isApi: boolean) =>
      where.startsWith('every step') || (where.startsWith('every API step') && isApi) || where.includes(name.slice(2))
    const named = jsSteps.filter(([name, { isApi }]) => isNamed(name, isApi)).map(([name]) => name)
    const having = jsSteps.filter(([, { ids }]) => ids.includes(id)).map(([name]) => name)
    expect(named, id).toEqual(having)
  }
})

test('Its step names exist', () => {
  const names = [...page.matchAll(/\b(?:Js|Ts|Py)[A-Z]\w+/g)].map(([name]) => name)
  expect(names.length).toBeGreaterThan(8)
  expect(names.filter((name) => !steps.has(name))).toEqual([])
  const inCode = [...page.matchAll(/(?:previewButton|node)\('(\w+)'\)/g)].map(([, name]) => name)
  const known = [...steps.keys()].map((name) => name.toLowerCase())
  expect(known).toEqual(expect.arrayContaining(inCode))
  const features = [...page.matchAll(/code\('(\w+)', '([\w-]+)'\)/g)]
  expect(features.length).toBeGreaterThan(1)
  for (const [, name = '', feature] of features) expect(steps.get(name)?.ids).toContain(feature)
})

test('Its paths and commands exist', () => {
  const paths = inlineCode.filter((code) => /^(tutorial|steps|tests|src)\/\S+$/.test(code))
  expect(paths.length).toBeGreaterThan(5)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'))
  const commands = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
  expect(commands.filter((name) => !(name in scripts))).toEqual([])
  const tests = [...page.matchAll(/npx vitest run (\S+)/g)].map(([, path = '']) => path)
  expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})
