import type { Config } from '../../config/reading/config.ts'
import { singleLine } from '../../text/safe-text.ts'
import { print, printJson } from '../terminal/output.ts'
import { styled } from '../terminal/style.ts'
import type { Result, Verdict } from './check.ts'

const STYLES = { error: 'red', warning: 'yellow', skipped: 'dim', ok: 'green' } as const
const MAX_SENTENCE_CHARACTERS = 500
/** A shorter text is part of ordinary words. */
const MIN_SECRET_CHARACTERS = 6

/** Prints a line for each result as JSON. */
export function printResultsAsJson(results: readonly Result[]): void {
  printJson(results)
}

/** Prints errors, then warnings, and one line about the rest. */
export function printResults(results: readonly Result[]): void {
  for (const verdict of ['error', 'warning'] as const)
    for (const result of results.filter((each) => each.verdict === verdict)) printFinding(result)
  print(summary(results))
}

function printFinding({ id, verdict, sentence, fix, link }: Result): void {
  print(`${styled(STYLES[verdict], verdict)} ${styled('bold', id)}: ${sentence}`)
  print(`  ${fix}  ${styled('dim', `(docs/${link})`)}`)
}

/** "58 checks passed; skipped: mail.spf (…). One hash takes …": one line, whatever was found. */
function summary(results: readonly Result[]): string {
  const of = (verdict: Verdict) => results.filter((result) => result.verdict === verdict)
  const counts = [
    `${of('ok').length} checks passed`,
    ...(of('error').length > 0 ? [`errors: ${of('error').length}`] : []),
    ...(of('warning').length > 0 ? [`warnings: ${of('warning').length}`] : []),
    ...skippedWords(of('skipped')),
  ]
  const figures = of('ok').flatMap(({ sentence }) => sentence ?? [])
  return [`${counts.join('; ')}.`, ...figures].join(' ')
}

/** Skipped checks, together with the others of the same reason. */
function skippedWords(results: readonly Result[]): string[] {
  const byReason = Map.groupBy(results, ({ sentence }) => sentence ?? '')
  return [...byReason].map(
    ([reason, each]) => `skipped: ${each.map(({ id }) => id).join(', ')} (${reason.replace(/\.$/, '')})`,
  )
}

/** Takes the secrets of the settings out of results: an error of a driver or a server may quote one. */
export function withoutSecrets(results: readonly Result[], { secrets }: Pick<Config, 'secrets'>): Result[] {
  const texts = secretTexts(secrets)
  const clean = (text: string | null) =>
    text === null
      ? null
      : singleLine(
          texts.reduce((rest, secret) => rest.replaceAll(secret, '***'), text),
          MAX_SENTENCE_CHARACTERS,
        )
  return results.map((result) => ({ ...result, sentence: clean(result.sentence), fix: clean(result.fix) }))
}

function secretTexts({ database, smtpUrl, redisUrl, serviceKeys, ...secrets }: Config['secrets']): string[] {
  const urls = [database.kind === 'postgres' ? database.url : null, smtpUrl, redisUrl]
  const { jwtSecretKey, refreshSecretKey, previousSecretKeys, previousRefreshSecretKeys } = secrets
  return [
    ...[jwtSecretKey, refreshSecretKey, ...previousSecretKeys, ...previousRefreshSecretKeys],
    ...serviceKeys.map(({ key }) => key),
    ...urls.flatMap((url) => (url === null ? [] : [url, ...passwordsOf(url)])),
  ].filter((text) => text !== null && text.length >= MIN_SECRET_CHARACTERS) as string[]
}

function passwordsOf(url: string): string[] {
  const { password } = new URL(url)
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password] // a % that begins no escape
  }
}
