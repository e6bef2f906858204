import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import type { Keys } from '../crypto/keys/keys.ts'
import type { Log } from '../observe/log.ts'
import type { Database } from '../storage/database/database.ts'
import { UnexpectedDatabaseError } from '../storage/database/errors.ts'
import { isProductionDatabase } from '../storage/database/installation.ts'
import {
  type KeyPurpose,
  type KeySighting,
  noteKey,
  readKeySightings,
  retireKeys,
} from '../storage/database/key-sightings.ts'
import { noteAccessLifetime } from '../storage/revocation/access-lifetimes.ts'

const INSUFFICIENT_PRIVILEGE = '42501'
const PURPOSES = ['access', 'refresh'] as const

interface Checked {
  db: Database
  now: () => Date
  keys: Keys
  log: Log
}

/**
 * Compares the keys of this server with those that made the tokens of the database: a replica with another secret would log
 * out, one by one, all users that reach it. Then records its own.
 *
 * @param acceptNewKeys whether the operator means to change a secret without the steps of docs/configuration.md
 * @throws {ConfigError} on a database of production, if none of the keys in use is among those of this server
 */
export async function checkKeys({ db, now, keys, log }: Checked, config: Config, acceptNewKeys: boolean) {
  for (const { purpose, sentence } of await findForeignKeys({ db, now, keys }, config)) {
    if (acceptNewKeys) await retireKeys(db, purpose)
    else if (config.production || (await isProductionDatabase(db))) throw new ConfigError(sentence)
    else log.warn({}, sentence)
  }
  const canWrite = await noteKeys({ db, now, keys }, config)
  if (!canWrite)
    log.warn({}, 'the role may not write to the table installation, so no start can compare keys: grant update')
}

/** Returns the purposes for which none of the keys in use is among those of this server, with a sentence for each. */
export async function findForeignKeys(
  { db, now, keys }: Omit<Checked, 'log'>,
  config: Config,
): Promise<{ purpose: KeyPurpose; sentence: string }[]> {
  const since = new Date(now().getTime() - config.sessionMaxAgeSeconds * 1000)
  const inUse = (await readKeySightings(db)).filter(({ lastSeenAt }) => lastSeenAt > since)
  return PURPOSES.flatMap((purpose) => {
    const others = inUse.filter((sighting) => sighting.purpose === purpose)
    const own = keyIds(keys, purpose)
    if (others.length === 0 || others.some(({ id }) => own.includes(id))) return []
    return [{ purpose, sentence: strangerSentence(purpose, others, config) }]
  })
}

/**
 * Records which keys make tokens, how long access tokens live, and that this is still so.
 *
 * @returns false if the role may not write that
 */
export async function noteKeys(
  { db, now, keys }: Omit<Checked, 'log'>,
  { accessTokenLifetimeSeconds }: Pick<Config, 'accessTokenLifetimeSeconds'>,
): Promise<boolean> {
  try {
    await noteAccessLifetime(db, accessTokenLifetimeSeconds, now())
    for (const purpose of PURPOSES) await noteKey(db, { purpose, id: keyIds(keys, purpose)[0] ?? '' }, now())
    return true
  } catch (error) {
    if (error instanceof UnexpectedDatabaseError && error.place.code === INSUFFICIENT_PRIVILEGE) return false
    throw error
  }
}

/** The ids of the keys of a purpose; the first one makes tokens, the others recognise them. */
function keyIds({ signing, refresh }: Keys, purpose: KeyPurpose): string[] {
  return (purpose === 'access' ? signing.login : refresh).map(({ kid }) => kid)
}

function strangerSentence(purpose: KeyPurpose, others: readonly KeySighting[], { secrets }: Config): string {
  const [newest] = others.toSorted((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime())
  const isRefreshKey = purpose === 'refresh' && secrets.refreshSecretKey !== null
  const [name, list] = isRefreshKey
    ? ['REFRESH_SECRET_KEY', 'REFRESH_PREVIOUS_SECRET_KEYS']
    : ['JWT_SECRET_KEY', 'JWT_PREVIOUS_SECRET_KEYS']
  const seen = newest ? ` (key ${newest.id}, seen at ${newest.lastSeenAt.toISOString()})` : ''
  return `The tokens of this database were made with another ${name}${seen}, and no one would stay signed in. Set that one, list it in ${list}, or run tessera start --new-key if you mean it.`
}
