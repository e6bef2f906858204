import type { Check } from './check.ts'
import { DATABASE_CHECKS } from './database.ts'
import { KEY_CHECKS } from './keys.ts'
import { MACHINE_CHECKS } from './machine.ts'
import { MAIL_CHECKS } from './mail.ts'
import { POSTGRES_CHECKS } from './postgres.ts'
import { SETTING_CHECKS } from './settings.ts'
import { SQLITE_CHECKS } from './sqlite.ts'
import { USER_CHECKS } from './users.ts'

/** All checks from inside, in the order in which they run. */
export const CHECKS: readonly Check[] = [
  ...SETTING_CHECKS,
  ...DATABASE_CHECKS,
  ...POSTGRES_CHECKS,
  ...SQLITE_CHECKS,
  ...KEY_CHECKS,
  ...USER_CHECKS,
  ...MAIL_CHECKS,
  ...MACHINE_CHECKS,
]
