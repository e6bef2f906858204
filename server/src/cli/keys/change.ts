import { retireKey, rotateKey } from '../../auth/keys/change-keys.ts'
import { type KeyList, listKeys } from '../../auth/keys/list-keys.ts'
import { type CommandContext, COMMAND_LINE as origin, withDatabase } from '../run/with-database.ts'
import { CommandError } from '../terminal/command-error.ts'
import { type AnswerOptions, print, printJson, printOutcome } from '../terminal/output.ts'
import { keyRefusalSentence } from './key-refusal.ts'

export interface NowOption extends AnswerOptions {
  now?: boolean
}

/** Lets the next key sign now. */
export async function rotateKeyCommand({ now: force = false, ...answer }: NowOption): Promise<void> {
  await withKeys(async (ctx, list) => {
    const options = { noticeSeconds: ctx.config.keyNoticeSeconds, force, origin }
    const outcome = await rotateKey(ctx, list, options)
    if (outcome.kind !== 'done') throw new CommandError(keyRefusalSentence(outcome))
    const sentence = `${outcome.kid} signs from now on. Tokens of the key before it are accepted until they expire.`
    printOutcome(sentence, { kid: outcome.kid, changed: true }, answer)
  })
}

/** Retires a key, and with `--now` refuses its tokens. */
export async function retireKeyCommand(kid: string, { now: refuses = false, json }: NowOption): Promise<void> {
  await withKeys(async (ctx, list) => {
    const options = { refuses, noticeSeconds: ctx.config.keyNoticeSeconds, origin }
    const outcome = await retireKey(ctx, list, kid, options)
    if (outcome.kind !== 'done') throw new CommandError(keyRefusalSentence(outcome))
    if (json) return printJson([{ kid, changed: true, refused: refuses, successor: outcome.successor }])
    if (outcome.successor !== null) print(`${outcome.successor} signs from now on.`)
    if (!refuses) return print(`Retired ${kid}. Its tokens are accepted until they expire.`)
    print(`Retired ${kid}. Servers refuse its tokens within two seconds.`)
    print('Services that follow the list of endings refuse them within seconds.')
    print('Other services refuse them when they read the keys again: after five minutes, some only at a restart.')
    print(`Add it to KEYS_REFUSED, so that a restored backup does not revive it: KEYS_REFUSED=${kid}`)
  })
}

function withKeys(run: (ctx: CommandContext, list: KeyList) => Promise<void>): Promise<void> {
  return withDatabase({ mayCreate: false }, async (ctx) =>
    run(ctx, await listKeys(ctx, ctx.config.accessTokenLifetimeSeconds)),
  )
}
