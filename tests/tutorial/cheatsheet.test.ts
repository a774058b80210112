import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { beforeAll, expect, test } from 'vitest'
import { type Feature, findLines, formatLines } from '../../tutorial/features/feature'
import { featuresFile, stepFiles } from '../../tutorial/features/step-files'
import { ROOT } from '../support/server'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const page = read('TUTORIAL_CHEATSHEET.md')

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)

/** The inline code of the text, without the blocks. */
const inlineCode = [...page.replace(/^```.*?^```/gms, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** Returns the compiler's errors for modules at the top of the project, by name. They need not be on disk. */
const compile = (modules: Map<string, string>): string[] => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.browser.json'), ts.sys.readFile)
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
    return [name, { ids: definitions.map(({ id }) => id) }]
  }),
)

/** The compiler's errors for the templates, for a wrong one, and for the selectors in the text. One run, because it takes seconds. */
const errors: string[] = []
const selectors = inlineCode.filter((code) => /^(workbenchXPath|xpath)\./.test(code))

beforeAll(() => {
  const templates = [...blocks('tsx'), ...blocks('ts')].map((code, index) => [`template-${index}.tsx`, code] as const)
  const wrong = blocks('tsx')[0]?.replaceAll('elementXpath:', 'elementXPath:') ?? ''
  const imports = [
    "import { workbenchXPath } from '@motiadev/workbench'",
    "import { xpath } from './tutorial/workbench/selectors'",
  ]
  const lines = selectors.map((selector, index) => `export const selector${index}: string = ${selector}`)
  errors.push(
    ...compile(new Map([...templates, ['wrong.tsx', wrong], ['selectors.ts', [...imports, ...lines].join('\n')]])),
  )
}, 30_000)

test('When its templates are compiled, then there is no error', () => {
  expect([...blocks('tsx'), ...blocks('ts')]).toHaveLength(2)
  expect(errors.filter((error) => error.includes('template-'))).toEqual([])
})

test('When a template is wrong, then it does not compile', () => {
  expect(errors.filter((error) => error.includes('wrong.tsx')).join()).toContain('elementXPath')
})

test('When it names a selector, then the selector exists', () => {
  expect(selectors.length).toBeGreaterThan(20)
  expect(errors.filter((error) => error.includes('selectors.ts'))).toEqual([])
})

test('When it shows a feature, then that is one of the features', () => {
  const [template = ''] = blocks('ts')
  const fieldOf = (name: string): string => new RegExp(`  ${name}: '(.+)',`).exec(template)?.[1] ?? ''
  const [id, title, description] = ['id', 'title', 'description'].map(fieldOf)
  const step = 'steps/javascript/create-pet.step.ts'
  const features: Feature[] = JSON.parse(read(featuresFile(step)))
  const definition = { startsOn: fieldOf('startsOn'), endsOn: fieldOf('endsOn') }
  const lines = findLines(read(step), { id: '', title: '', description: '', ...definition })
  expect(features).toContainEqual({ id, title, description, lines: [formatLines(lines)] })
})

test('When it names a step or a feature, then that exists', () => {
  const names = [...page.matchAll(/\b(?:Js|Ts|Py)[A-Z]\w+/g)].map(([name]) => name)
  expect(names.length).toBeGreaterThan(3)
  expect(names.filter((name) => !steps.has(name))).toEqual([])
  const inCode = [...page.matchAll(/(?:previewButton|node)\('(\w+)'\)/g)].map(([, name]) => name)
  const known = [...steps.keys()].map((name) => name.toLowerCase())
  expect(known).toEqual(expect.arrayContaining(inCode))
  const features = [...page.matchAll(/code\('(\w+)', '([\w-]+)'\)/g)]
  expect(features.length).toBeGreaterThan(0)
  for (const [, name = '', feature] of features) expect(steps.get(name)?.ids).toContain(feature)
})

test('When it names a path or a command, then that exists', () => {
  const paths = inlineCode.filter((code) => /^(tutorial|steps|tests|src)\/\S+$/.test(code))
  expect(paths.length).toBeGreaterThan(3)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'))
  const commands = [...page.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
  expect(commands.filter((name) => !(name in scripts))).toEqual([])
  const tests = [...page.matchAll(/npx vitest run ([\w./]+)/g)].map(([, path = '']) => path)
  expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})
