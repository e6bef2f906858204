import Bowser from 'bowser'

// Only these names are shown: anything else in a user agent is the client's own claim.
const BROWSERS =
  /^(Chrome|Chromium|Firefox|Safari|Microsoft Edge|Opera|Samsung Internet for Android|Yandex Browser|Vivaldi)$/
const SYSTEMS = /^(Windows|macOS|iOS|Android|Linux|Chrome OS)$/

/** Returns the browser and system of a user agent, as far as they are known, and null if neither is. */
export function describeDevice(userAgent: string | null): string | null {
  if (userAgent === null || userAgent.trim() === '') return null
  const { browser, os } = Bowser.parse(userAgent)
  const known = [BROWSERS.exec(browser.name ?? '')?.[0], SYSTEMS.exec(os.name ?? '')?.[0]].filter((name) => name)
  return known.join(', ') || null
}
