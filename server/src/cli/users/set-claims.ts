import { ClaimsRefused, claimsSentence } from '../../auth/claims/claims-error.ts'
import { setUserClaims } from '../../auth/claims/set-user-claims.ts'
import { withUser } from '../run/require-user.ts'
import { COMMAND_LINE as origin } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'

/** Replaces the claims of a user with those of a JSON object; an empty one clears them. */
export async function setClaimsCommand(name: string, json: string, options: AnswerOptions): Promise<void> {
  const given = parse(json)
  await withUser(name, async (ctx, user) => {
    try {
      const { claims, changed } = await setUserClaims(ctx, { user, claims: given, origin })
      const done = `Changed the claims of ${user.email}; their next access tokens have them.`
      const sentence = changed ? done : `${user.email} already has these claims.`
      printOutcome(sentence, { id: user.id, email: user.email, changed, claims }, options)
    } catch (error) {
      if (error instanceof ClaimsRefused) throw new CommandError(`The claims ${claimsSentence(error.verdict)}.`)
      throw error
    }
  })
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new CommandError('The claims are not valid JSON; quote them for the shell: \'{"plan":"gold"}\'.')
  }
}
