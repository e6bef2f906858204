import type { History } from '../history.ts'
import type { Random } from './random.ts'

/** What all actors share. */
export interface World {
  history: History
  random: Random
  settings: Settings
  /** Where the service answers: one port for each replica. */
  ports: readonly number[]
  /** Set when no new work is to begin; what was startedAt is finished, and looked at once more. */
  over: boolean
  /** Of a hundred calls, so many are cut by the client's network, half of them before and half after the decision. */
  cutPercent: number
  /** Resolves when all harm has ended and the service is whole. */
  healed: Promise<void>
}

/** Settings of the service that the checks have to know. */
export interface Settings {
  replayWindowMilliseconds: number
  sessionMaxAgeMilliseconds: number
  accessTokenMilliseconds: number
  serviceKey: string
}

/** Thrown when a call finds no answer though nothing harms the service any more. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}
