import Bowser from 'bowser'
import { defang } from '../../text/safe-text.ts'

const MAX_CHARACTERS = 160

// Only these names are shown as names: anything else in a user agent is the client's own claim.
const BROWSERS =
  /^(Chrome|Chromium|Firefox|Safari|Microsoft Edge|Opera|Samsung Internet for Android|Yandex Browser|Vivaldi)$/
const SYSTEMS = /^(Windows|macOS|iOS|Android|Linux|Chrome OS)$/

/** Returns the browser and system of a user agent, if known, and the user agent as text without links. */
export function describeDevice(userAgent: string | null): { name: string | null; userAgent: string | null } {
  if (userAgent === null || userAgent.trim() === '') return { name: null, userAgent: null }
  const { browser, os } = Bowser.parse(userAgent)
  const known = [BROWSERS.exec(browser.name ?? '')?.[0], SYSTEMS.exec(os.name ?? '')?.[0]].filter((name) => name)
  return { name: known.join(', ') || null, userAgent: defang(userAgent, MAX_CHARACTERS) }
}
