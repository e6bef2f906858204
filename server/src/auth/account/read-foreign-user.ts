import { isPasswordDigest } from '../../crypto/hashing/passwords.ts'
import { isUuid, uuidV4 } from '../../crypto/tokens/uuid.ts'
import type { ImportedUser } from '../../storage/account/imported-users.ts'
import type { Role } from '../../storage/account/users.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { readIsoTime } from '../../text/iso-time.ts'
import { DEFAULT_LOCALE, isLocale, type Locale } from '../../text/locale.ts'
import { readRecordId } from '../../text/record-id.ts'
import { claimsSentence } from '../claims/claims-error.ts'
import { judgeClaims } from '../claims/judge-claims.ts'
import type { Context, Settings } from '../context/context.ts'
import { type ValidationErrors, validateName } from './user-fields.ts'

/** A user of another system: the columns of a Rails `users` table and of Tessera's. Other columns are ignored. */
export type ForeignUser = Record<string, unknown>

/** Reads a user of another system. A field that is absent gets a default, and one that cannot be read is an error. */
export function readUser(
  ctx: Pick<Context, 'random'> & { settings: Pick<Settings, 'roles'> },
  foreign: ForeignUser,
  now: Date,
): ImportedUser | { errors: ValidationErrors } {
  const errors: ValidationErrors = {}
  const { roles } = ctx.settings
  /** Reads a field: its parsed value, or `fallback` if it is absent. A value that cannot be parsed is an error. */
  const read = <T>(field: string, parse: (text: string) => T | null, fallback: T, message = 'is invalid'): T => {
    const raw = foreign[field]
    if (raw === undefined || raw === null) return fallback
    const value = typeof raw === 'string' || typeof raw === 'number' ? parse(String(raw)) : null
    if (value === null) errors[field] = [message]
    return value ?? fallback
  }
  const parseName = (text: string) => (validateName(text).length === 0 ? text : null)
  const createdAt = read('created_at', readIsoTime, now)
  const user = {
    id: read('id', readImportableId, null),
    guid: read('guid', (text) => (isUuid(text) ? text.toLowerCase() : null), '') || uuidV4(ctx.random),
    email: read('email', canonicalEmail, ''),
    password_digest: read(
      'password_digest',
      (text) => (isPasswordDigest(text) ? text : null),
      null,
      'is not a bcrypt digest of cost 15 or less, nor an argon2id digest of 64 MiB, 4 passes and 4 lanes or less',
    ),
    first_name: read('first_name', parseName, null),
    last_name: read('last_name', parseName, null),
    role: read<Role>('role', (text) => (roles.includes(text) ? text : null), 'user', `must be ${roles.join(' or ')}`),
    // An unsupported language does not stop an import: the user gets mails in the default one.
    locale: read<Locale>('locale', (text) => (isLocale(text) ? text : DEFAULT_LOCALE), DEFAULT_LOCALE),
    // A demo user stays one, whose public password opens no production server.
    seeded_as: read<'demo' | null>('seeded_as', (text) => (text === 'demo' ? 'demo' : null), null),
    // The other system has vouched for the address, unless it says that it has not.
    email_verified_at: foreign['email_verified_at'] === null ? null : read('email_verified_at', readIsoTime, createdAt),
    disabled_at: read('disabled_at', readIsoTime, null),
    created_at: createdAt,
    updated_at: read('updated_at', readIsoTime, createdAt),
  }
  const claims = readClaims(foreign['claims'])
  if (claims.error !== undefined) errors['claims'] = [claims.error]
  if (user.email === '' && !errors['email']) errors['email'] = ["can't be blank"]
  return Object.keys(errors).length > 0 ? { errors } : { ...user, claims: claims.json }
}

/** Reads claims: an object, or its JSON as text, which CSV and the columns of other databases have. */
function readClaims(value: unknown): { json: string; error?: string } {
  if (value === undefined || value === null) return { json: '{}' }
  try {
    const verdict = judgeClaims(typeof value === 'string' ? JSON.parse(value) : value)
    return verdict.kind === 'good' ? verdict : { json: '{}', error: claimsSentence(verdict) }
  } catch {
    return { json: '{}', error: 'are not valid JSON' }
  }
}

/** The next users get the ids above: they must stay within the numbers that JSON and JavaScript have. */
const MAX_IMPORTED_ID = 999_999_999_999_999

function readImportableId(text: string): number | null {
  const id = readRecordId(text)
  return id !== null && id <= MAX_IMPORTED_ID ? id : null
}
