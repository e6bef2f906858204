import { countDemoUsers, countWeakDigests } from '../../storage/account/weak-digests.ts'
import { readOutboxFigures } from '../../storage/notice/outbox-figures.ts'
import { type Check, warning } from './check.ts'

const MAX_MAIL_AGE_MINUTES = 10

/** Checks of the rows of the database. */
export const USER_CHECKS: readonly Check[] = [
  {
    id: 'users.demo',
    link: 'deployment.md#in-production',
    needs: 'tables',
    applies: ({ config }) => config.production,
    async run({ db }) {
      const users = await countDemoUsers(db)
      return users > 0
        ? warning(
            `The database has ${users} demo users, whose password is known to all; production lets none of them sign in.`,
            'tessera users delete admin@example.com && tessera users delete john.doe@email.com',
          )
        : null
    },
  },
  {
    id: 'users.weak-digests',
    link: 'passwords.md',
    needs: 'tables',
    async run({ db }) {
      const users = await countWeakDigests(db)
      return users > 0
        ? warning(
            `${users} users have a password digest that is cheap to guess; each is renewed at the next login.`,
            'For users who never return: tessera users send-reset USER',
          )
        : null
    },
  },
  {
    id: 'outbox.failed',
    link: 'mail.md',
    needs: 'tables',
    async run({ db, now }) {
      const { failed } = await readOutboxFigures(db, now())
      return failed > 0
        ? warning(
            `${failed} mails were given up, so their recipients know nothing of them.`,
            'tessera outbox retry --failed, or: tessera outbox drop --failed',
          )
        : null
    },
  },
  {
    id: 'outbox.late',
    link: 'mail.md',
    needs: 'tables',
    applies: ({ config }) => config.secrets.smtpUrl !== null,
    async run({ db, now }) {
      const { due, dueSince } = await readOutboxFigures(db, now())
      const minutes = dueSince === null ? 0 : (now().getTime() - dueSince.getTime()) / 60_000
      return minutes > MAX_MAIL_AGE_MINUTES
        ? warning(
            `${due} mails are due, the oldest for ${Math.floor(minutes)} minutes: no server sends them.`,
            'Start a server with SMTP_URL, and see: tessera outbox list --state waiting',
          )
        : null
    },
  },
]
