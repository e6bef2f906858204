import type { Purpose } from '../../storage/account/one-time-tokens.ts'

interface PurposeRules {
  lifeSeconds: number
  /** Whether its life runs from when the mail server took the mail: a mail may wait. It ends a day after it was asked for. */
  runsFromMail: boolean
}

const MINUTE = 60
const DAY = 86_400

/** How long the link and the code of each purpose are good. */
export const PURPOSES: Record<Purpose, PurposeRules> = {
  reset_password: { lifeSeconds: 30 * MINUTE, runsFromMail: true },
  verify_email: { lifeSeconds: DAY, runsFromMail: true },
  change_email: { lifeSeconds: DAY, runsFromMail: true },
  sign_up: { lifeSeconds: DAY, runsFromMail: true },
  login: { lifeSeconds: 15 * MINUTE, runsFromMail: true },
  undo_email: { lifeSeconds: 7 * DAY, runsFromMail: false },
  not_me: { lifeSeconds: 30 * DAY, runsFromMail: false },
}

/** The most guesses at a code. */
export const MAX_ATTEMPTS = 5

/** The longest that a mail which was asked for may wait. */
export const MAX_WAIT_SECONDS = DAY
