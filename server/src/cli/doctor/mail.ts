import { Resolver } from 'node:dns/promises'
import { tryMailServer } from '../../mail/delivery/smtp.ts'
import { senderFrom } from '../../mail/messages/sender.ts'
import { type Check, type Finding, failure, type Subject, skipped, warning } from './check.ts'

const LINK = 'mail.md'
const MAX_SMTP_MILLISECONDS = 4500
const DNS_TIMEOUT_MILLISECONDS = 2000
/** The name servers say that there is no such record. */
const NO_RECORD = new Set(['ENOTFOUND', 'ENODATA'])

const sends = ({ config }: Subject) => config.secrets.smtpUrl !== null
/** Mails of a development server reach a catcher that asks no DNS. */
const sendsToUsers = (subject: Subject) => sends(subject) && subject.config.production

export const MAIL_CHECKS: readonly Check[] = [
  {
    id: 'mail.server',
    link: LINK,
    applies: sends,
    async run({ config }) {
      try {
        await tryMailServer(config.secrets.smtpUrl ?? '', senderFrom(config), MAX_SMTP_MILLISECONDS)
        return null
      } catch (error) {
        return failure(
          `The mail server cannot be used: ${(error as Error).message}.`,
          'Correct the host, port, user and password in SMTP_URL.',
        )
      }
    },
  },
  {
    id: 'mail.spf',
    link: LINK,
    applies: sendsToUsers,
    run: (subject) => {
      const domain = domainOf(subject)
      const add = `Add a TXT record to ${domain}: "v=spf1 include:… -all"`
      return judgeRecords(subject, [domain], 'v=spf1', (records) => {
        if (records.length === 0)
          return warning(`${domain} has no SPF record, so mails are taken for spam and others can forge them.`, add)
        if (records.length > 1)
          return warning(`${domain} has ${records.length} SPF records, so none counts.`, 'Keep one.')
        return /\s\+?all\b/.test(records[0] ?? '')
          ? warning(`The SPF record of ${domain} allows every host to send as it.`, 'End it with -all.')
          : null
      })
    },
  },
  {
    id: 'mail.dmarc',
    link: LINK,
    applies: sendsToUsers,
    run: (subject) => {
      const domain = domainOf(subject)
      const names = organisationsOf(domain).map((name) => `_dmarc.${name}`)
      return judgeRecords(subject, names, 'v=DMARC1', (records) =>
        records.length === 0
          ? warning(
              `${domain} has no DMARC record, so mail servers do not know what to do with forged mails.`,
              `Add a TXT record to _dmarc.${domain}: "v=DMARC1; p=quarantine"`,
            )
          : null,
      )
    },
  },
]

function domainOf({ config }: Subject): string {
  const { address } = senderFrom(config)
  return address.slice(address.lastIndexOf('@') + 1)
}

/** The domain and those above it, as far as one can belong to an organisation. */
function organisationsOf(domain: string): string[] {
  const labels = domain.split('.')
  return labels.slice(0, Math.max(1, labels.length - 1)).map((_, index) => labels.slice(index).join('.'))
}

/** Judges the TXT records of the first name that has some of a kind; without an answer of DNS, there is no verdict. */
async function judgeRecords(
  { nameServers }: Subject,
  names: readonly string[],
  prefix: string,
  judge: (records: readonly string[]) => Finding | null,
): Promise<Finding | null> {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MILLISECONDS, tries: 1 })
  if (nameServers) resolver.setServers(nameServers)
  try {
    for (const name of names) {
      const records = await findTexts(resolver, name)
      const ofKind = records.filter((record) => record.toLowerCase().startsWith(prefix.toLowerCase()))
      if (ofKind.length > 0) return judge(ofKind)
    }
    return judge([])
  } catch (error) {
    return skipped(`DNS does not answer: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`)
  }
}

async function findTexts(resolver: Resolver, name: string): Promise<string[]> {
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
  } catch (error) {
    if (NO_RECORD.has((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}
