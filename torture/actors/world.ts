import type { ReceivedMail } from '../../harness/mail-server.ts'
import type { History } from '../history.ts'
import type { Random } from './random.ts'

/** The state that all actors share. */
export interface World {
  history: History
  random: Random
  settings: Settings
  /** The mails that the service has sent. */
  inbox: readonly ReceivedMail[]
  /** The port of each replica. */
  ports: readonly number[]
  /** Set when actors must start no new work; they finish what they have started and check it once more. */
  stopping: boolean
  /** The percentage of calls that the client's network cuts, half of them before and half after the decision. */
  cutPercent: number
  /** Resolves when the last fault has ended and the service is healthy. */
  healed: Promise<void>
}

/** Settings of the service that the checks depend on. */
export interface Settings {
  replayWindowMilliseconds: number
  /** The 30 seconds for which a token is kept in a cookie, or with its attempt. */
  keptMilliseconds: number
  sessionMaxAgeMilliseconds: number
  accessTokenMilliseconds: number
  serviceKey: string
}
