import type { Answer } from '../kept-connection.ts'

/** Numbers of answers by status; a 503 for another reason than a full hashing pool is counted apart. */
export type Outcomes = Record<string, number>

export function countOutcome(outcomes: Outcomes, { status, body }: Answer): void {
  const outcome = status === 503 && !body.includes('"overloaded"') ? '503 unavailable' : `${status}`
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
}
