import { beginSigningKind, findSigningKinds, type SigningKind } from '../../storage/keys/signing-kinds.ts'
import type { Context } from '../context/context.ts'

/** Records that this process signs logins with a kind of key. The kinds before it end after the life of their last token. */
export async function beginKind({ db, now }: Pick<Context, 'db' | 'now'>, kind: SigningKind): Promise<void> {
  const kinds = await findSigningKinds(db)
  const inUse = kinds.filter(({ ended_at }) => ended_at === null).map((row) => row.kind)
  // A database without kinds has never been moved away from the secret.
  const isInUse = kinds.length === 0 ? kind === 'HS256' : inUse.join() === kind
  if (!isInUse) await db.transaction((tx) => beginSigningKind(tx, kind, now()))
}
