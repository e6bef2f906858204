import { cleanUp } from '../auth/clean-up.ts'
import { say } from './output.ts'
import { withDatabase } from './with-database.ts'

/** `tessera clean-up`: what every server does each ten minutes, now. */
export async function cleanUpCommand(): Promise<void> {
  await withDatabase({ mayCreate: false }, async (ctx) => {
    const sessions = await cleanUp(ctx)
    say(
      sessions === 1
        ? 'One session was past its end and is gone.'
        : `${sessions} sessions were past their end and are gone.`,
    )
  })
}
