import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

/** A purpose of keys: to sign access tokens, or to make refresh tokens. */
export type KeyPurpose = 'access' | 'refresh'

/** That a server made tokens with a key. The id reveals nothing about the key. */
export interface KeySighting {
  purpose: KeyPurpose
  id: string
  firstSeenAt: Date
  lastSeenAt: Date
}

const ISO_CHARACTERS = 24

/** Returns which keys have made tokens of this database. */
export async function readKeySightings(db: Queries): Promise<KeySighting[]> {
  const rows = await db.query<{ name: string; value: string }>(
    sql`select name, value from installation where name like 'key %' order by name`,
  )
  return rows.map(({ name, value }) => {
    const [, purpose, id = ''] = name.split(' ')
    const [first, last] = value.split(' ')
    return { purpose: purpose as KeyPurpose, id, firstSeenAt: readTime(first), lastSeenAt: readTime(last) }
  })
}

/** Records that a key makes tokens now. */
export async function noteKey(db: Queries, { purpose, id }: Pick<KeySighting, 'purpose' | 'id'>, now: Date) {
  const time = now.toISOString()
  await db.query(sql`
    insert into installation (name, value) values (${`key ${purpose} ${id}`}, ${`${time} ${time}`})
    on conflict (name) do update set value = substr(installation.value, 1, ${ISO_CHARACTERS + 1}) || ${time}
    returning name`)
}

/** Counts the keys of a purpose as unused for long, so that a start with any key is accepted. */
export async function retireKeys(db: Queries, purpose: KeyPurpose): Promise<void> {
  await db.query(sql`
    update installation set value = substr(value, 1, ${ISO_CHARACTERS + 1}) || ${new Date(0).toISOString()}
    where name like ${`key ${purpose} %`} returning name`)
}

function readTime(text = ''): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new TypeError('the time of a key in "installation" cannot be read')
  return time
}
