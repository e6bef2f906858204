import type { Config } from '../../config/reading/config.ts'
import type { SettingProblem } from '../../config/reading/diagnose.ts'
import type { Database } from '../../storage/database/database.ts'

export type Verdict = 'ok' | 'warning' | 'error' | 'skipped'

/** One thing that a check found, or a figure that it measured. */
export interface Finding {
  verdict: Verdict
  /** Says what is so, and why it matters. */
  sentence: string
  /** The line that puts it right; null for a figure. */
  fix: string | null
}

/** The installation that is examined. */
export interface Subject {
  config: Config
  problems: readonly SettingProblem[]
  /** Null where it cannot be opened; then checks that need it are skipped. */
  db: Database | null
  /** The reason why the database cannot be opened; null if it can. */
  unreachable: Finding | null
  /** Whether the tables are those of this version. */
  hasTables: boolean
  now(): Date
  nodeVersion: string
  /** Addresses of name servers, with ports; null for those of the system. */
  nameServers: readonly string[] | null
}

/** A subject whose database is open. */
export type OpenSubject = Subject & { db: Database }

interface CheckParts {
  id: string
  /** The part of the documentation that explains it. */
  link: string
  /** Whether it says anything about this installation. */
  applies?(subject: Subject): boolean
}

type Findings = readonly Finding[] | Finding | null
type Run<Examined> = (subject: Examined) => Promise<Findings> | Findings

/** A check of one thing. It returns nothing if all is well. */
export type Check = CheckParts &
  ({ needs?: 'nothing'; run: Run<Subject> } | { needs: 'database' | 'tables'; run: Run<OpenSubject> })

export interface Result {
  id: string
  verdict: Verdict
  sentence: string | null
  fix: string | null
  link: string
}

const MAX_CHECK_MILLISECONDS = 5000

export const warning = (sentence: string, fix: string): Finding => ({ verdict: 'warning', sentence, fix })
export const failure = (sentence: string, fix: string): Finding => ({ verdict: 'error', sentence, fix })
export const skipped = (sentence: string): Finding => ({ verdict: 'skipped', sentence, fix: null })
/** A figure that a check measured, and found good. */
export const figure = (sentence: string): Finding => ({ verdict: 'ok', sentence, fix: null })

/** Runs checks one after the other. None hides another: one that fails, or that does not end, is a result as well. */
export async function runChecks(
  checks: readonly Check[],
  subject: Subject,
  maxMilliseconds = MAX_CHECK_MILLISECONDS,
): Promise<Result[]> {
  const results: Result[] = []
  for (const check of checks) {
    if (check.applies && !check.applies(subject)) continue
    const findings = await findingsOf(check, subject, maxMilliseconds)
    const { id, link } = check
    const fine = { verdict: 'ok', sentence: null, fix: null } as const
    for (const finding of findings.length > 0 ? findings : [fine]) results.push({ id, ...finding, link })
  }
  return results
}

async function findingsOf(check: Check, subject: Subject, maxMilliseconds: number): Promise<readonly Finding[]> {
  try {
    const findings = await within(start(check, subject), maxMilliseconds)
    if (findings === TIMED_OUT) return [skipped(`It gave no answer within ${maxMilliseconds / 1000} seconds.`)]
    return findings === null ? [] : [findings].flat()
  } catch (error) {
    return [warning(`It could not be checked: ${(error as Error).message}.`, 'Run this as the account of the server.')]
  }
}

async function start(check: Check, subject: Subject): Promise<Findings> {
  if (check.needs === undefined || check.needs === 'nothing') return check.run(subject)
  const { db } = subject
  if (db === null) return skipped('It needs the database.')
  if (check.needs === 'tables' && !subject.hasTables) return skipped('It needs the tables of this version.')
  return check.run({ ...subject, db })
}

const TIMED_OUT = Symbol('timed out')

/** Waits for a promise no longer than this. */
export async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | typeof TIMED_OUT> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), milliseconds)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
    promise.catch(() => {}) // it may still fail
  }
}
