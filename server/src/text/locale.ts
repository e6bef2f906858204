/** The languages that mails are written in. */
export const LOCALES = ['en', 'ru'] as const

export type Locale = (typeof LOCALES)[number]

export const DEFAULT_LOCALE: Locale = 'en'

/** Whether a text names one of {@link LOCALES}. */
export function isLocale(text: string): text is Locale {
  return LOCALES.some((locale) => locale === text)
}
