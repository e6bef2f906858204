import { Argument, type Command, Option } from 'commander'
import { BUILT_IN_ROLES } from '../../text/role.ts'
import { readSettings } from '../run/read-settings.ts'

const FLAGS = '--role <role>'

export const roleOption = (description: string) => withRoles(new Option(FLAGS, description))

export const roleArgument = () => withRoles(new Argument('<role>'))

/** Lets help and completion name the roles of the settings, which are read when they are asked for. */
function withRoles<Word extends Option | Argument>(word: Word): Word {
  return Object.defineProperty(word, 'argChoices', { get: rolesToShow })
}

function rolesToShow(): readonly string[] {
  try {
    return readSettings({ serves: false }).roles
  } catch {
    return BUILT_IN_ROLES // help needs no settings that can be read
  }
}

/** Refuses a role that the settings do not have, in the words of commander. */
export function requireRole(command: Command, role: string): void {
  const { roles } = readSettings({ serves: false })
  if (roles.includes(role)) return
  const isOption = command.options.some(({ flags }) => flags === FLAGS)
  const invalid = isOption
    ? `option '${FLAGS}' argument '${role}' is invalid.`
    : `command-argument value '${role}' is invalid for argument 'role'.`
  command.error(`error: ${invalid} Allowed choices are ${roles.join(', ')}: the setting ROLES.`)
}
