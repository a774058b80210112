import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { type ServerOptions, startServer, type TestServer } from '../support/server'

/** How long the Workbench may take to appear, in ms. On a fresh checkout, Vite first bundles everything that it imports. */
const FIRST_LOAD_MS = 120_000

const EXECUTABLES = ['/usr/bin/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome']

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
  // Every name but the server's own fails to resolve, also for workers and sockets, which page.route would not see.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/** How to open the Workbench. Everything has a default. */
export interface WorkbenchOptions {
  /** How to start a dev server for it, or a running one. Default: one with an empty data folder. */
  server?: ServerOptions | TestServer
  theme?: 'dark' | 'light'
  viewport?: { width: number; height: number }
  /** Whether the browser has never seen the Workbench: then the tutorial opens by itself. Default: false. */
  isFirstVisit?: boolean
  /** What a person types in if the browser asks for it. */
  login?: { username: string; password: string }
  /** Called when the page begins to load. */
  onStart?: (page: Page) => Promise<void>
}

/** The Workbench in a browser. */
export interface Workbench {
  server: TestServer
  page: Page
  context: BrowserContext
  /** Console errors and uncaught errors of the page so far, without those of requests to other hosts. */
  errors: string[]
  /** The addresses of all requests to other hosts so far. */
  foreignRequests: string[]
  /** Closes the browser, and stops the server unless it ran before. */
  close(): Promise<void>
}

/** Starts a dev server with the Workbench unless one is given, and a browser that shows it and can only reach 127.0.0.1. */
export const openWorkbench = async (options: WorkbenchOptions = {}): Promise<Workbench> => {
  const { theme = 'dark', viewport = { width: 1440, height: 900 }, isFirstVisit = false, login, onStart } = options
  const given = options.server && 'url' in options.server ? options.server : undefined
  const server = given ?? (await startServer({ mode: 'dev', ...options.server }))
  let browser: Browser | undefined
  try {
    browser = await launch()
    const context = await browser.newContext({
      viewport,
      // Phones lay out a page that is too wide differently.
      isMobile: viewport.width < 500,
      colorScheme: theme,
      ...(login && { httpCredentials: { ...login, origin: server.url } }),
    })
    if (!isFirstVisit) await remember(context, theme)
    const page = await context.newPage()
    const records = record(page, server.url)
    await page.goto(server.url, { waitUntil: 'commit', timeout: FIRST_LOAD_MS })
    await onStart?.(page)
    await settled(page).catch((cause) => {
      throw new Error(`The Workbench does not show itself. Errors of the page: ${records.errors.join('\n')}`, { cause })
    })
    const opened = browser
    return {
      server,
      page,
      context,
      ...records,
      close: async () => {
        await opened.close()
        if (!given) await server.stop()
      },
    }
  } catch (error) {
    await browser?.close()
    if (!given) await server.stop()
    throw error
  }
}

const launch = (): Promise<Browser> => {
  const executablePath = process.env.CHROMIUM ?? EXECUTABLES.find(existsSync)
  if (!executablePath) throw new Error('Chromium is missing: script/test installs it, or CHROMIUM names one')
  return chromium.launch({ executablePath, args: FLAGS })
}

/** Opens an address in a separate browser, which can only reach 127.0.0.1. */
export const openPage = async (
  url: string,
  viewport: { width: number; height: number },
): Promise<Pick<Workbench, 'page' | 'errors' | 'foreignRequests' | 'close'>> => {
  const browser = await launch()
  const page = await browser.newPage({ viewport })
  const records = record(page, url)
  await page.goto(url)
  return { page, ...records, close: () => browser.close() }
}

/** Replaces the data file of a server at once, as an editor does. */
export const replaceStore = ({ dataDir }: TestServer, text: string): void => {
  const file = join(dataDir, 'pets.json')
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** Waits until the Workbench shows its tabs and is loaded. At a first start it may reload itself. */
export const settled = async (page: Page): Promise<void> => {
  await page.getByTestId('flow-link').waitFor({ timeout: FIRST_LOAD_MS })
  await page.waitForLoadState('networkidle', { timeout: FIRST_LOAD_MS })
  await page.getByTestId('flow-link').waitFor({ timeout: FIRST_LOAD_MS })
}

/** Stores what the Workbench remembers of a person who chose that theme and has closed the tutorial. */
const remember = (context: BrowserContext, theme: 'dark' | 'light'): Promise<unknown> =>
  // As text, because the tests are compiled without the types of the DOM.
  context.addInitScript(`
    if (!localStorage.getItem('motia-theme-storage')) {
      localStorage.setItem('motia-theme-storage', JSON.stringify({ state: { theme: '${theme}' }, version: 0 }))
      localStorage.setItem('motia-tutorial-closed', 'true')
    }
  `)

const record = (page: Page, url: string): Pick<Workbench, 'errors' | 'foreignRequests'> => {
  const errors: string[] = []
  const foreignRequests: string[] = []
  const isOwn = (address: string): boolean =>
    !/^(https?|wss?):/.test(address) || new URL(address).hostname === new URL(url).hostname
  page.on('request', (request) => {
    if (!isOwn(request.url())) foreignRequests.push(request.url())
  })
  page.on('websocket', (socket) => {
    if (!isOwn(socket.url())) foreignRequests.push(socket.url())
  })
  page.on('console', (message) => {
    if (message.type() === 'error' && isOwn(message.location().url)) errors.push(message.text())
  })
  page.on('pageerror', (error) => {
    errors.push(error.stack || error.message)
  })
  return { errors, foreignRequests }
}
