import Bowser from 'bowser'
import { unlinked } from '../text/inert-text.ts'
import type { Locale } from '../text/locale.ts'

const MOST_CHARACTERS = 160

// Only names on this list are said in words: what else a user agent calls itself is its own claim.
const BROWSERS =
  /^(Chrome|Chromium|Firefox|Safari|Microsoft Edge|Opera|Samsung Internet for Android|Yandex Browser|Vivaldi)$/
const SYSTEMS = /^(Windows|macOS|iOS|Android|Linux|Chrome OS)$/

/** The device in words where they can be found, and always what it called itself. */
export function describeDevice(userAgent: string | null, locale: Locale): { words: string; userAgent: string } {
  const unknown = locale === 'ru' ? 'неизвестно' : 'unknown'
  if (userAgent === null || userAgent.trim() === '') return { words: unknown, userAgent: unknown }
  const { browser, os } = Bowser.parse(userAgent)
  const known = [BROWSERS.exec(browser.name ?? '')?.[0], SYSTEMS.exec(os.name ?? '')?.[0]].filter((name) => name)
  return { words: known.join(', ') || unknown, userAgent: unlinked(userAgent, MOST_CHARACTERS) }
}
