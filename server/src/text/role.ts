/** The roles that there always are: `user` is the default, and `admin` may delete users. */
export const BUILT_IN_ROLES = ['user', 'admin'] as const

const ROLE_NAME = /^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/

/**
 * Adds the roles of an operator to {@link BUILT_IN_ROLES}.
 *
 * @throws {TypeError} for a name that is none, and for two that differ in upper and lower case only: `Admin` is no `admin`
 */
export function combineRoles(names: readonly string[]): readonly string[] {
  const roles: string[] = [...BUILT_IN_ROLES]
  for (const name of names) {
    if (!ROLE_NAME.test(name))
      throw new TypeError(
        `"${name}" is not a role: it begins with a letter and has only letters, digits, _ . : and -, 64 at most`,
      )
    const similar = roles.find((role) => role.toLowerCase() === name.toLowerCase())
    if (similar === undefined) roles.push(name)
    else if (similar !== name) throw new TypeError(`"${name}" and "${similar}" differ in upper and lower case only`)
  }
  return roles
}
