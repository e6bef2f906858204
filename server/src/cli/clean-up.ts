import { cleanUp } from '../app/clean-up.ts'
import { withDatabase } from './run/with-database.ts'
import { type AnswerOptions, printOutcome } from './terminal/output.ts'

/** `tessera clean-up`: deletes now what each server deletes every ten minutes. */
export async function cleanUpCommand(options: AnswerOptions): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const warn = (_: object, sentence: string) => process.stderr.write(`tessera: ${sentence}.\n`)
    const deleted = await cleanUp({ ...ctx, log: { ...ctx.log, warn } })
    const sessions = deleted['sessions'] ?? 0
    const sentence = sessions === 1 ? 'Deleted 1 expired session.' : `Deleted ${sessions} expired sessions.`
    printOutcome(sentence, deleted, options)
  })
}
