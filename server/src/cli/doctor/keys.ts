import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readKeys } from '../../app/build-context.ts'
import { findForeignKeys } from '../../app/check-keys.ts'
import { openSigningKeyFiles } from '../../app/signing-key-files.ts'
import { openTls } from '../../app/tls-files.ts'
import { type ListedKey, listKeys } from '../../auth/keys/list-keys.ts'
import { openPrivateHalf } from '../../auth/keys/open-key.ts'
import { VerifiedTokens } from '../../auth/keys/verified-tokens.ts'
import { type KeySighting, readKeySightings } from '../../storage/database/key-sightings.ts'
import { type Check, type Finding, failure, type OpenSubject, type Subject, warning } from './check.ts'

const DAY_MILLISECONDS = 86_400_000
const MIN_CERTIFICATE_DAYS = 14
/** Servers note their keys every ten minutes. */
const RECENT_MILLISECONDS = 20 * 60_000

const hasSecret = ({ config }: Subject) => config.secrets.jwtSecretKey !== null
const hasKeyPairs = (subject: Subject) =>
  hasSecret(subject) && subject.config.algorithm !== 'HS256' && subject.config.signingKeyFiles.length === 0

/** Returns the key pairs of the algorithm in use. */
async function ownKeys({ db, now, config }: OpenSubject): Promise<ListedKey[]> {
  const { keys } = await listKeys({ db, now }, config.accessTokenLifetimeSeconds)
  return keys.filter(({ algorithm }) => algorithm === config.algorithm)
}

export const KEY_CHECKS: readonly Check[] = [
  {
    id: 'keys.foreign',
    link: 'configuration.md',
    needs: 'tables',
    applies: hasSecret,
    async run({ db, now, config }) {
      const found = await findForeignKeys({ db, now, keys: readKeys(config) }, config)
      return found.map(({ sentence }) => {
        const [what = sentence, fix = ''] = sentence.split(/\. (?=Set )/)
        return failure(`${what}.`, fix)
      })
    },
  },
  {
    id: 'keys.replicas',
    link: 'keys.md',
    needs: 'tables',
    async run({ db, now }) {
      const recent = new Date(now().getTime() - RECENT_MILLISECONDS)
      const sightings = (await readKeySightings(db)).filter(({ lastSeenAt }) => lastSeenAt > recent)
      return (['access', 'refresh'] as const).flatMap((purpose) =>
        differ(sightings.filter((sighting) => sighting.purpose === purpose))
          ? [
              warning(
                `Replicas make ${purpose} tokens with different keys, so one refuses what another has issued.`,
                'Give all replicas the same JWT_SECRET_KEY and REFRESH_SECRET_KEY.',
              ),
            ]
          : [],
      )
    },
  },
  {
    id: 'keys.unopened',
    link: 'keys.md',
    needs: 'tables',
    applies: hasKeyPairs,
    async run(subject) {
      const sealing = readKeys(subject.config).sealing()
      const used = (await ownKeys(subject)).filter(({ state }) => state === 'current' || state === 'next')
      return used
        .filter((key) => openPrivateHalf(key, sealing) === null)
        .map(({ kid }) =>
          failure(
            `No secret opens the signing key ${kid}, so a production server does not start.`,
            `List the former REFRESH_SECRET_KEY in REFRESH_PREVIOUS_SECRET_KEYS, or run: tessera keys retire ${kid} --now`,
          ),
        )
    },
  },
  {
    id: 'keys.next',
    link: 'keys.md',
    needs: 'tables',
    applies: hasKeyPairs,
    async run(subject) {
      const keys = await ownKeys(subject)
      const has = (state: string) => keys.some((key) => key.state === state)
      return has('current') && !has('next')
        ? warning(
            'There is no next signing key: if the current one is lost, other services know no other.',
            'Start a server that may write to the database; it makes the key within a minute.',
          )
        : null
    },
  },
  {
    id: 'keys.file',
    link: 'keys.md',
    applies: ({ config }) => config.signingKeyFiles.length > 0,
    run: ({ config }) =>
      refusal(() => openSigningKeyFiles(config, { info() {}, warn() {}, error() {} }, new VerifiedTokens(1))),
  },
  {
    id: 'https.certificate',
    link: 'deployment.md#in-production',
    applies: ({ config }) => config.production || config.tlsFiles !== null,
    run: ({ config }) => refusal(() => openTls(config)),
  },
  {
    id: 'https.expiry',
    link: 'deployment.md#in-production',
    applies: ({ config }) => config.tlsFiles !== null,
    run({ config, now }) {
      const days = (certificateOf(config).validToDate.getTime() - now().getTime()) / DAY_MILLISECONDS
      const fix = 'Renew TLS_CERT_FILE and TLS_KEY_FILE; a running server reads them again by itself.'
      if (days < 0) return failure('The certificate has expired, so clients refuse it.', fix)
      return days < MIN_CERTIFICATE_DAYS ? warning(`The certificate expires in ${Math.floor(days)} days.`, fix) : null
    },
  },
  {
    id: 'https.name',
    link: 'deployment.md#in-production',
    applies: ({ config }) => config.tlsFiles !== null && config.publicUrl !== null,
    run({ config }) {
      const { hostname } = new URL(config.publicUrl ?? '')
      return certificateOf(config).checkHost(hostname) === undefined && !isAddress(hostname)
        ? warning(
            `The certificate is not for ${hostname}, the host of PUBLIC_URL, so clients refuse it.`,
            `Set TLS_CERT_FILE to a certificate for ${hostname}.`,
          )
        : null
    },
  },
]

/** Whether servers used two keys at the same time: after a change of keys, the old one is seen no more. */
function differ(sightings: readonly KeySighting[]): boolean {
  const [older, newer] = sightings.toSorted((a, b) => a.firstSeenAt.getTime() - b.firstSeenAt.getTime()).slice(-2)
  return older !== undefined && newer !== undefined && older.lastSeenAt > newer.firstSeenAt
}

/** Returns the refusal of a start as a finding. */
function refusal(open: () => unknown): Finding | null {
  try {
    open()
    return null
  } catch (error) {
    const { message } = error as Error
    const [, what, fix] = /^(.*?, but no request could arrive over HTTPS): (.*)$/.exec(message) ?? []
    if (what !== undefined && fix !== undefined) return failure(`${what}.`, fix)
    return failure(
      message,
      'Set the files of a certificate or key that belong together and that this account can read.',
    )
  }
}

function certificateOf({ tlsFiles }: Subject['config']): X509Certificate {
  return new X509Certificate(readFileSync(tlsFiles?.certFile ?? ''))
}

function isAddress(hostname: string): boolean {
  return /^[\d.]+$|:/.test(hostname)
}
