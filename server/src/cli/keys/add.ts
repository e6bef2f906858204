import { readKeys } from '../../app/build-context.ts'
import { addKey } from '../../auth/keys/change-keys.ts'
import { listKeys } from '../../auth/keys/list-keys.ts'
import type { PublicAlgorithm } from '../../crypto/keys/signing-key.ts'
import { isProductionDatabase } from '../../storage/database/installation.ts'
import { COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, printOutcome } from '../terminal/output.ts'
import { keyRefusalSentence } from './key-refusal.ts'

export interface AddOptions extends AnswerOptions {
  algorithm: PublicAlgorithm
}

/** Publishes a key of an algorithm that does not sign yet. */
export async function addKeyCommand({ algorithm, ...answer }: AddOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const { config } = ctx
    const isProduction = config.production || (await isProductionDatabase(ctx.db))
    if (isProduction && config.secrets.refreshSecretKey === null)
      throw new CommandError('REFRESH_SECRET_KEY is not set here, and it seals the key; pass what the servers have.')
    const list = await listKeys(ctx, config.accessTokenLifetimeSeconds)
    const outcome = await addKey(ctx, list, { algorithm, sealing: readKeys(config).sealing(), origin })
    if (outcome.kind !== 'done') throw new CommandError(keyRefusalSentence(outcome))
    const sentence = `Added ${outcome.kid}. Servers publish it within a minute; it signs once JWT_ALGORITHM=${algorithm} is set.`
    printOutcome(sentence, { kid: outcome.kid, algorithm }, answer)
  })
}
