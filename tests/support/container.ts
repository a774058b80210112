import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { type Child, startChild } from './child'
import { commandOf, ignoresIn, instructionsOf } from './dockerfile'
import { ROOT } from './server'
import { makeTempDir } from './temp-dir'
import { waitFor } from './wait-for'

/** The result of the instructions of a Dockerfile, in a folder instead of an image. */
export interface Image {
  /** The folder that is the container's root. */
  root: string
  workdir: string
  env: Record<string, string>
  user: string
  volumes: string[]
  command: string[]
  healthCheck: string[]
}

const isRoot = process.getuid?.() === 0

/** Users other than root can create a container only as the root of a user namespace, which has no other user. */
const uid = (user: string): string => (isRoot ? user : '0')

/** The parts of this machine that the base image stands for, and npm's cache. */
const prefix = dirname(dirname(process.execPath))
const cache = process.env.npm_config_cache ?? join(process.env.HOME ?? '/root', '.npm')
const BORROWED = [
  '/usr',
  '/bin',
  '/lib',
  '/lib64',
  '/etc',
  '/dev',
  cache,
  ...(prefix.startsWith('/usr') ? [] : [prefix]),
]

/** Needs: root, workdir, user, volumes or `-` for a root that can be written, and the command. */
const ENTER = `set -eu
root=$1 workdir=$2 user=$3 volumes=$4; shift 4
mount --bind "$root" "$root"
for folder in ${BORROWED.map((path) => `'${path}'`).join(' ')}; do
  if [ -e "$folder" ]; then mkdir -p "$root$folder"; mount --rbind "$folder" "$root$folder"; fi
done
mkdir -p "$root/proc"; mount -t proc proc "$root/proc"
if [ "$volumes" != - ]; then
  for volume in $volumes; do mount --bind "$root$volume" "$root$volume"; done
  mount -o remount,bind,ro "$root"
fi
exec chroot --userspec="$user:$user" "$root" sh -c 'cd "$0"; exec "$@"' "$workdir" "$@"`

interface Entry {
  user: string
  isReadOnly: boolean
  env?: Record<string, string>
}

/** Returns the command, with its environment, that runs another one as process 1 of a container. */
const entering = (image: Image, command: string[], { user, isReadOnly, env = {} }: Entry) => ({
  command: [
    ...['unshare', ...(isRoot ? [] : ['--user', '--map-root-user']), '--mount', '--pid', '--fork', '--kill-child'],
    ...['sh', '-c', ENTER, 'enter', image.root, image.workdir, uid(user), isReadOnly ? image.volumes.join(' ') : '-'],
    ...command,
  ],
  env: { PATH: `${join(prefix, 'bin')}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`, ...image.env, ...env },
})

const newImage = (): Image => {
  const root = makeTempDir('pet-store-image-')
  // The folder's mode is that of the container's root.
  chmodSync(root, 0o755)
  return { root, workdir: '/', env: {}, user: '0', volumes: [], command: [], healthCheck: [] }
}

/** Follows the project's Dockerfile. Throws if it has an unknown instruction or option. */
export const buildImage = async (): Promise<Image> => {
  const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')
  const isIgnored = ignoresIn(read('.dockerignore'))
  const stages = new Map<string, Image>()
  let image = newImage()
  const copy = (value: string): void => {
    const words = value.split(' ')
    const from = words[0]?.startsWith('--from=') ? words.shift()?.replace('--from=', '') : undefined
    const target = words.pop() ?? ''
    const place = join(image.root, image.workdir, target)
    for (const source of words) {
      // Docker copies the contents of a folder. No stage is used twice, so what comes from one is moved.
      if (from !== undefined) {
        renameSync(join(stages.get(from)?.root ?? '', source), place)
        continue
      }
      const filter = (path: string): boolean => !isIgnored(relative(ROOT, path).replaceAll('\\', '/'))
      cpSync(join(ROOT, source), target.endsWith('/') ? join(place, basename(source)) : place, {
        recursive: true,
        preserveTimestamps: true,
        filter,
      })
    }
  }
  const steps: Record<string, (value: string) => void | Promise<void>> = {
    FROM: (value) => {
      image = newImage()
      stages.set(/ AS (\S+)$/.exec(value)?.[1] ?? '', image)
    },
    WORKDIR: (value) => {
      image.workdir = value
      mkdirSync(join(image.root, value), { recursive: true })
    },
    COPY: copy,
    RUN: async (value) => {
      const env = { npm_config_cache: cache, npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false' }
      const entry = entering(image, commandOf(isRoot ? value : value.replaceAll(/\b1000\b/g, '0')), {
        ...{ user: image.user, isReadOnly: false, env },
      })
      const child = startChild(entry.command, { env: entry.env })
      const { code } = await child.exited
      if (code !== 0) throw new Error(`RUN ${value} ended with ${code}:\n${child.output()}`)
    },
    ENV: (value) => {
      Object.assign(image.env, Object.fromEntries(value.split(' ').map((pair) => pair.split('='))))
    },
    USER: (value) => {
      image.user = value
    },
    VOLUME: (value) => {
      image.volumes.push(value)
    },
    EXPOSE: () => {},
    HEALTHCHECK: (value) => {
      image.healthCheck = commandOf(/^(?:--\S+ )*CMD (.*)$/.exec(value)?.[1] ?? '')
    },
    CMD: (value) => {
      image.command = commandOf(value)
    },
  }
  for (const { name, value } of instructionsOf(read('Dockerfile'))) {
    const step = steps[name]
    if (!step) throw new Error(`${name} in the Dockerfile is not known to this test`)
    await step(value)
  }
  return image
}

/** A running container. Its `pid` is that of its process 1, as seen from outside. */
export interface Container extends Child {
  pid: number
}

/** Runs a command in a container with a read-only root, as the image's user. It ends like a child. */
export const startContainer = async (
  image: Image,
  env: Record<string, string>,
  command = image.command,
): Promise<Container> => {
  const entry = entering(image, command, { user: image.user, isReadOnly: true, env })
  const child = startChild(entry.command, { env: entry.env })
  const children = `/proc/${child.pid}/task/${child.pid}/children`
  const pid = await waitFor(() => Number(readFileSync(children, 'utf8').trim()) || null, {
    what: 'process 1 of a PID namespace',
    seen: child.output,
  })
  return { ...child, pid }
}
