import type { Context } from '../auth/context/context.ts'
import { prepareMails } from '../auth/requested-mail/prepare-mails.ts'
import type { RevocationFeed } from '../auth/revocation/revocation-feed.ts'
import type { Config } from '../config/reading/config.ts'
import type { MaintenanceWatch } from '../http/operation/maintenance-watch.ts'
import { announceMails } from '../mail/delivery/announce.ts'
import { senderFrom } from '../mail/messages/sender.ts'
import { sampleDigests } from '../storage/account/digest-sample.ts'
import { readKeys } from './build-context.ts'
import { noteKeys } from './check-keys.ts'
import { cleanUp } from './clean-up.ts'
import { type Job, repeat } from './repeat.ts'

export interface Background {
  /** Reads what has ended now rather than within half a second. */
  readEndings(): Promise<void>
  /** Sends due mails now rather than within two seconds. */
  deliverMails(): Promise<void>
  /** When the last complete clean-up ended; null before the first one. */
  cleanedUpAt(): Date | null
  /** Runs every job now. */
  runAll(): Promise<void>
  stop(): Promise<void>
}

const CLEAN_UP_INTERVAL_MILLISECONDS = 600_000
const MAIL_INTERVAL_MILLISECONDS = 2000
const ENDINGS_INTERVAL_MILLISECONDS = 500
/** Every process obeys within a second. */
const MAINTENANCE_INTERVAL_MILLISECONDS = 900

/** Starts the background jobs of every replica: sending mails, deleting expired rows, and sampling digests. */
export async function startBackground(
  config: Config,
  ctx: Pick<Context, 'db' | 'now' | 'log' | 'passwords' | 'settings' | 'tokens' | 'metrics'> & {
    revocations: RevocationFeed
  },
  maintenance: MaintenanceWatch,
): Promise<Background> {
  const imitateDigests = async () => ctx.passwords.imitate(await sampleDigests(ctx.db))
  await imitateDigests()
  const watching = repeat(
    oncePerOutage(() => maintenance.read()),
    {
      pauseMilliseconds: MAINTENANCE_INTERVAL_MILLISECONDS,
      failure: 'whether maintenance is on could not be read',
      log: ctx.log,
    },
  )
  const mails = repeat(unlessInMaintenance(await mailJob(config, ctx), maintenance), {
    pauseMilliseconds: MAIL_INTERVAL_MILLISECONDS,
    failure: 'reading the outbox failed and will be retried',
    log: ctx.log,
  })
  let cleanedUpAt: Date | null = null
  const clean: Job = async ({ stopping }) => {
    const deleted = await cleanUp(ctx, stopping)
    for (const [table, rows] of Object.entries(deleted))
      ctx.metrics.count('tessera_cleanup_deleted_total', { table }, rows)
    cleanedUpAt = ctx.now()
  }
  const cleaning = repeat(unlessInMaintenance(clean, maintenance), {
    pauseMilliseconds: CLEAN_UP_INTERVAL_MILLISECONDS,
    failure: 'the clean-up failed and will be retried',
    log: ctx.log,
  })
  const sampling = repeat(imitateDigests, {
    pauseMilliseconds: CLEAN_UP_INTERVAL_MILLISECONDS,
    failure: 'sampling the password digests failed and will be retried',
    log: ctx.log,
  })
  const keys = readKeys(config)
  const note = () => noteKeys({ ...ctx, keys }, config)
  const noting = repeat(unlessInMaintenance(note, maintenance), {
    pauseMilliseconds: CLEAN_UP_INTERVAL_MILLISECONDS,
    failure: 'recording the keys in use failed and will be retried',
    log: ctx.log,
  })
  if (config.revocations !== 'off') await ctx.revocations.read()
  const reading =
    config.revocations === 'off'
      ? null
      : repeat(
          oncePerOutage(() => ctx.revocations.read()),
          {
            pauseMilliseconds: ENDINGS_INTERVAL_MILLISECONDS,
            failure: 'what has ended could not be read; the list stays as it is, and grows old',
            log: ctx.log,
          },
        )
  const all = [watching, mails, cleaning, sampling, noting, ...(reading ? [reading] : [])]
  return {
    async readEndings() {
      await reading?.runNow()
    },
    deliverMails: () => mails.runNow(),
    cleanedUpAt: () => cleanedUpAt,
    async runAll() {
      await Promise.all(all.map((job) => job.runNow()))
    },
    async stop() {
      await Promise.all(all.map((job) => job.stop()))
    },
  }
}

/** Runs a job that writes, but not during maintenance: one that runs when it begins starts nothing more. */
function unlessInMaintenance(job: Job, maintenance: MaintenanceWatch): Job {
  return async ({ stopping, abandon }) => {
    const isOn = () => maintenance.current() !== null
    const pausing = {
      get aborted() {
        return stopping.aborted || isOn()
      },
    }
    if (!isOn()) await job({ stopping: pausing, abandon })
  }
}

type MailContext = Pick<Context, 'db' | 'now' | 'log' | 'settings' | 'tokens' | 'metrics'>

/** Writes the mails that clients asked for, then sends all that are due. */
async function mailJob(config: Config, ctx: MailContext): Promise<Job> {
  const send = await sendJob(config, ctx)
  return async (signals) => {
    await prepareMails(ctx)
    await send(signals)
  }
}

async function sendJob(config: Config, ctx: MailContext): Promise<Job> {
  if (config.secrets.smtpUrl === null) {
    return announceMails(ctx, (id) => (config.production ? `tessera outbox show ${id}` : `/dev/mail/${id}`))
  }
  // Loaded only where it is used, to keep starts quick.
  const [{ deliverDue }, { openSmtp }] = await Promise.all([
    import('../mail/delivery/delivery.ts'),
    import('../mail/delivery/smtp.ts'),
  ])
  const sender = senderFrom(config)
  const smtp = openSmtp(config.secrets.smtpUrl, sender)
  return (signals) => deliverDue({ ...ctx, smtp, sender }, signals)
}

/** Runs a job that runs so often that only the first of its failures is reported. */
function oncePerOutage(run: () => Promise<void>): Job {
  let isAway = false
  return async () => {
    try {
      await run()
      isAway = false
    } catch (error) {
      if (isAway) return
      isAway = true
      throw error
    }
  }
}
