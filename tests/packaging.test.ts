import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { commandOf, ignoresIn, instructionsOf } from './support/dockerfile'
import { tableOf } from './support/page'
import { ROOT } from './support/server'

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

const instructions = instructionsOf(read('Dockerfile'))
const valuesOf = (name: string): string[] =>
  instructions.filter((instruction) => instruction.name === name).map(({ value }) => value)

describe('Dockerfile', () => {
  test('When the image is built, then its last stage starts without root, and without npm or a shell in front', () => {
    expect(valuesOf('FROM').length).toBe(2)
    const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'))
    expect(lastStage.map(({ name }) => name)).toEqual(expect.arrayContaining(['USER', 'VOLUME', 'HEALTHCHECK', 'CMD']))
    expect(Number(valuesOf('USER')[0])).toBeGreaterThan(0)
    for (const command of valuesOf('CMD')) expect(commandOf(command)[0]).toBe('node')
  })

  test('When a base image is named, then its Node is one that package.json allows', () => {
    const { engines } = z.object({ engines: z.object({ node: z.string() }) }).parse(JSON.parse(read('package.json')))
    for (const image of valuesOf('FROM')) {
      const [, major = ''] = /^node:(\d+)-\S+/.exec(image) ?? []
      expect(Number(major)).toBeGreaterThanOrEqual(Number(engines.node.replace('>=', '')))
    }
  })

  test('When files are copied, then .dockerignore lets them through, and keeps secrets, pets and packages out', () => {
    const isIgnored = ignoresIn(read('.dockerignore'))
    const sources = valuesOf('COPY')
      .filter((value) => !value.startsWith('--from='))
      .flatMap((value) => value.split(' ').slice(0, -1))
    expect(sources.filter((source) => isIgnored(source) || !existsSync(join(ROOT, source)))).toEqual([])
    const kept = ['.env', '.git', '.data', 'node_modules', 'tests', 'packages/motia-runtime/node_modules']
    expect(kept.filter((path) => !isIgnored(path))).toEqual([])
  })
})

const Service = z.strictObject({
  build: z.literal('.').optional(),
  image: z.string(),
  read_only: z.literal(true).optional(),
  init: z.literal(true).optional(),
  restart: z.literal('unless-stopped'),
  stop_grace_period: z
    .string()
    .regex(/^\d+s$/)
    .optional(),
  profiles: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/)).default([]),
  volumes: z.array(z.string().regex(/^\w+:\/\w+$/)).default([]),
  tmpfs: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  healthcheck: z.strictObject({ test: z.array(z.string()), interval: z.string() }).optional(),
})

const Compose = z.object({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
})

describe('compose.yaml', () => {
  const { services, volumes } = Compose.parse(parse(read('compose.yaml'), { merge: true }))
  const servers = Object.values(services).filter(({ build }) => build !== undefined)

  test('When no profile is chosen, then there is one server, with its data in a volume', () => {
    const chosen = Object.entries(services).filter(([, { profiles }]) => profiles.length === 0)
    expect(chosen.map(([name]) => name)).toEqual(['pets'])
    expect(services.pets?.volumes).toEqual(valuesOf('VOLUME').map((folder) => `pets:${folder}`))
  })

  test('When the profile redis is chosen, then two servers wait for a Redis that keeps what it has', () => {
    const sharing = servers.filter(({ environment }) => environment.REDIS_URL === 'redis://redis:6379')
    expect(sharing.map(({ profiles }) => profiles)).toEqual([['redis'], ['redis']])
    for (const { depends_on } of sharing) expect(Object.keys(depends_on)).toEqual(['redis'])
    expect(services.redis).toMatchObject({ profiles: ['redis'], volumes: ['redis:/data'] })
    expect(services.redis?.command?.join(' ')).toContain('--appendonly yes')
  })

  test('When a server starts, then it asks for keys, and its settings, port and volumes are real', () => {
    const known = tableOf(read('docs/configuration.md'), 'variable').map(([cell = '']) => cell.replaceAll('`', ''))
    expect(servers.length).toBe(3)
    for (const { environment, ports, read_only, stop_grace_period } of servers) {
      expect(environment.PETS_API_KEYS).toMatch(/^\$\{PETS_API_KEYS:\?.+\}$/)
      expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([])
      expect(ports.map((port) => port.split(':').at(-1))).toEqual(valuesOf('EXPOSE'))
      expect(read_only).toBe(true)
      expect(Number(stop_grace_period?.slice(0, -1))).toBeGreaterThan(10 + Number(environment.PETS_STOP_GRACE ?? 0))
    }
    const published = servers.flatMap(({ ports }) => ports)
    expect(new Set(published).size).toBe(published.length)
    const used = Object.values(services).flatMap((service) => service.volumes.map((volume) => volume.split(':')[0]))
    expect(used.sort()).toEqual(Object.keys(volumes).sort())
  })
})

describe('deploy/pets.service', () => {
  const text = read('deploy/pets.service')
  const settingOf = (name: string): string => new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1] ?? ''

  test('When systemd starts the server, then its command and its variables are real', () => {
    const [node, file = '', mode] = settingOf('ExecStart').split(' ')
    expect([node, mode]).toEqual(['/usr/bin/node', 'start'])
    expect(existsSync(join(ROOT, file))).toBe(true)
    const variables = settingOf('Environment')
      .split(' ')
      .map((variable) => variable.split('=')[0])
    const known = tableOf(read('docs/configuration.md'), 'variable').map(([cell = '']) => cell.replaceAll('`', ''))
    expect(known).toEqual(expect.arrayContaining(variables))
  })

  test('When systemd stops the server, then it waits longer than the server needs', () => {
    expect(Number(settingOf('TimeoutStopSec'))).toBeGreaterThan(10)
  })
})

const Step = z.union([
  z.strictObject({ uses: z.string().regex(/^[\w-]+\/[\w-]+@v\d+$/) }),
  z.strictObject({ name: z.string().optional(), run: z.string() }),
])

const Workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({ push: z.strictObject({ branches: z.array(z.string()) }), pull_request: z.null() }),
  permissions: z.strictObject({ contents: z.literal('read') }),
  jobs: z.record(
    z.string(),
    z.strictObject({
      'runs-on': z.string(),
      'timeout-minutes': z.number(),
      container: z.strictObject({ image: z.string(), options: z.string() }).optional(),
      env: z.record(z.string(), z.string()).optional(),
      steps: z.array(Step),
    }),
  ),
})

test('When the CI workflow runs, then it runs script/test, and the services that it starts are there', () => {
  const { jobs } = Workflow.parse(parse(read('.github/workflows/ci.yml')))
  const commands = Object.values(jobs).flatMap(({ steps }) =>
    steps.flatMap((step) => ('run' in step ? [step.run] : [])),
  )
  expect(commands).toContain('script/test')
  const { services } = Compose.parse(parse(read('compose.yaml'), { merge: true }))
  const started = commands.flatMap((command) => / up (?:--\w+ )+(.*)$/.exec(command)?.[1]?.split(' ') ?? [])
  expect(started.sort()).toEqual(['pets', 'pets-1', 'pets-2'])
  expect(started.filter((name) => !(name in services))).toEqual([])
})

test('When npm runs a script on Windows, then it needs no Unix shell', () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')))
  // `&&` works in cmd.exe, too.
  const parts = Object.values(scripts).flatMap((script) => script.split(' && '))
  expect(parts.filter((part) => !/^(node|tsc|biome|vitest|motia-runtime)( [\w@%+=:,./-]+)*$/.test(part))).toEqual([])
})
