import type { PlayedStory, RestoredSession } from './restored-session.ts'

interface Row {
  cells: string[]
  /** The databases and kinds of session where it happened. */
  where: string[]
}

interface RemedyResult {
  refreshable: number
  readable: number
  sessions: number
}

const HEADER = ['story', 'who presents which token: answer', 'session', 'audited', 'verdict', 'where']

/** Collects the outcomes of all stories, and prints equal ones as one row. */
export class RestoreReport {
  violations = 0
  readonly #rows = new Map<string, Row>()
  readonly #remedies: string[] = []

  addStory(database: string, session: RestoredSession, outcome: PlayedStory, events: string[]): void {
    const { story, trace, kind } = session
    const isViolation = thiefStays(trace, outcome)
    if (isViolation) this.violations++
    const verdict = isViolation ? '**the thief stays**' : verdictOn(trace, outcome)
    const state = outcome.isActive ? 'active' : 'ended'
    this.addRow(`${database} ${kind}`, [story.title, trace.join(', '), state, events.join(', '), verdict])
  }

  addRow(where: string, cells: string[]): void {
    const key = cells.join('|')
    const row = this.#rows.get(key) ?? { cells, where: [] }
    row.where.push(where)
    this.#rows.set(key, row)
  }

  addRemedy(database: string, remedy: string, { refreshable, readable, sessions }: RemedyResult): void {
    this.#remedies.push(
      `${database}, ${remedy}: ${refreshable} of ${sessions} sessions can be refreshed, ` +
        `${readable} can be read with an access token until it expires`,
    )
  }

  /** @param places on how many databases and kinds of session each story was played */
  print(places: number): void {
    printRow(HEADER)
    printRow(HEADER.map(() => '---'))
    for (const { cells, where } of this.#rows.values())
      printRow([...cells, where.length === places ? 'all' : where.join(', ')])
    process.stdout.write(`\n${this.#remedies.join('\n')}\n\nviolations: ${this.violations}\n`)
  }
}

/** Whether a thief can continue although the owner was refused, or after the owner has come. */
function thiefStays(trace: readonly string[], { isActive, ownerWasRefused }: PlayedStory): boolean {
  const ownerCame = trace.findIndex((step) => step.startsWith('owner'))
  const thiefContinued = trace.slice(ownerCame + 1).some((step) => /^thief .*: 200$/.test(step))
  return (isActive && ownerWasRefused) || (ownerCame >= 0 && thiefContinued)
}

function verdictOn(trace: readonly string[], { isActive }: PlayedStory): string {
  const usedTokenWorked = trace.some((step) => step.startsWith('thief 0: 200'))
  if (isActive) return usedTokenWorked ? 'active again' : 'continues'
  return usedTokenWorked ? 'active until the owner came' : 'ended'
}

function printRow(cells: string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}
