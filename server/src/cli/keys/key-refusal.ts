import type { KeyRefusal } from '../../auth/keys/change-keys.ts'

/** Says why the keys were not changed, and what to do. */
export function keyRefusalSentence(refusal: KeyRefusal): string {
  switch (refusal.kind) {
    case 'no_key_pairs':
      return 'Logins are signed with JWT_SECRET_KEY, which has no key pair; see docs/keys.md for the move to one.'
    case 'keys_in_files':
      return 'The keys are those of SIGNING_KEY_FILE; change that setting.'
    case 'no_next_key':
      return 'There is no next key; a running server makes one within a second.'
    case 'too_young':
      return `Other services may not have read the next key ${refusal.kid}: KEY_NOTICE ends at ${refusal.readyAt.toISOString()}. Wait, or pass --now.`
    case 'already_next':
      return `There is a next key already: ${refusal.kid}.`
    case 'other_secret':
      return `The secrets of this shell do not open the key ${refusal.kid}; pass the REFRESH_SECRET_KEY of the servers.`
    case 'unknown_key':
      return 'No key has this id; tessera keys list shows the ids.'
    case 'already_retired':
      return 'The key was retired before; tessera keys list shows its state.'
  }
}
