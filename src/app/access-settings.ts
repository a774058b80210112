import { isIPv4, isIPv6 } from 'node:net'
import type { ApiKey } from 'motia-runtime'
import { z } from 'zod'

const KEYS_FORM = 'must be name:secret, or several of those separated by commas'
const NAME_FORM = 'must have names of 1 to 40 letters, digits, dots, dashes or underscores'
const SECRET_FORM = 'must have secrets of at least 16 letters, digits or punctuation marks other than commas'
const ORIGINS_FORM = 'must be origins such as http://localhost:5173, separated by commas'

const list = (text: string): string[] => text.split(',').map((entry) => entry.trim())

const isUnique = (values: string[]): boolean => new Set(values).size === values.length

const pair = (text: string): ApiKey => {
  const colon = text.indexOf(':')
  return { name: text.slice(0, Math.max(0, colon)), secret: text.slice(colon + 1) }
}

// Messages do not name the wrong key: if somebody has swapped name and secret, they would show the secret.
/** Parses `name:secret,…` into a list of keys. */
export const apiKeys = z
  .string()
  .transform(list)
  .refine((entries) => entries.every((entry) => entry.includes(':')), { error: KEYS_FORM, abort: true })
  .transform((entries) => entries.map(pair))
  .refine((keys) => keys.every(({ name }) => /^[\w.-]{1,40}$/.test(name)), NAME_FORM)
  .refine((keys) => keys.every(({ secret }) => /^[!-~]{16,}$/.test(secret)), SECRET_FORM)
  .refine((keys) => isUnique(keys.map(({ name }) => name)), 'must not repeat a name')
  .refine((keys) => isUnique(keys.map(({ secret }) => secret)), 'must not repeat a secret')

/** Parses `http://localhost:5173,…` into a list of origins. */
export const corsOrigins = z
  .string()
  .transform(list)
  .refine((entries) => !entries.includes('*'), {
    error: 'must list each origin: with *, every web page could use the API',
    abort: true,
  })
  .refine((entries) => entries.every(isOrigin), ORIGINS_FORM)

const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text

/** Parses a name or an address to listen on. */
export const hostName = z
  .string()
  .trim()
  .toLowerCase()
  .refine(
    (host) => isIPv6(host) || /^[\w.-]+$/.test(host),
    'must be a name or an address, without scheme, brackets or port, such as localhost or ::1',
  )

/** Returns whether only this machine can reach a server that listens on that name or address. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
