import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Finds and starts the Chromium of the machine; the tests bring none of their own. */

const DEFAULT_PATH = '/usr/bin/chromium'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Null without Chromium, so that a developer may go without. In CI, and where CHROMIUM_PATH names one, that is an
 * error instead: nothing is skipped there.
 */
export function chromiumPath(): string | null {
  const { CHROMIUM_PATH: chosen, CI } = process.env
  const path = chosen ?? DEFAULT_PATH
  if (existsSync(path)) return path
  if (CI === 'true' || chosen !== undefined) {
    throw new Error(`Browser tests need Chromium, and ${path} does not exist. Set CHROMIUM_PATH.`)
  }
  return null
}

/** A headless browser with a profile of its own, which Playwright removes when it closes. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === null) throw new Error('There is no Chromium on this machine.')
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS })
}
