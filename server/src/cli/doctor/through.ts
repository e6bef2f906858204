import { randomBytes } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { findAuditEvents } from '../../storage/notice/audit-events.ts'
import { isLoopbackHost } from '../../text/ip-address.ts'
import { type Check, type Finding, failure, type OpenSubject, skipped, warning } from './check.ts'

const LINK = 'deployment.md#in-production'
const REQUEST_TIMEOUT_MILLISECONDS = 4000
/** An address of documentation (RFC 5737), from which no request can come. */
const FORGED_ADDRESS = '192.0.2.77'
const CLOCK_SLACK_MILLISECONDS = 60_000

/** The server as its clients reach it. */
export interface Outside {
  url: URL
  /** Where plain HTTP would be; other than 80 in tests. */
  plainPort: number
}

interface Answer {
  status: number
  headers: Headers
  text: string
}

/** Returns the checks that ask a running server through its proxy. */
export function throughChecks({ url, plainPort }: Outside): readonly Check[] {
  const address = url.href.replace(/\/$/, '')
  const isHttps = url.protocol === 'https:'
  const mark = `tessera-doctor/${randomBytes(9).toString('base64url')}`
  const health = remember(() => ask(`${address}/health`))
  const refusedLogin = remember(() => logInWrongly(address, mark))
  /** Defines a check of an answer; a server that does not answer is the finding of the first one alone. */
  const ofAnswer = (id: string, answer: () => Promise<Answer>, judge: (answer: Answer) => Finding | null): Check => ({
    id,
    link: LINK,
    run: async () => {
      const result = await answer().catch(() => null)
      return result ? judge(result) : skipped('The server does not answer.')
    },
  })
  return [
    {
      id: 'through.reachable',
      link: LINK,
      async run() {
        const fix = `Start the server, and let the proxy of ${url.host} pass requests to it.`
        try {
          const { status } = await health()
          return status === 200 ? null : failure(`GET /health answers ${status} where 200 was expected.`, fix)
        } catch (error) {
          return failure(`${url.host} does not answer: ${reasonOf(error)}.`, fix)
        }
      },
    },
    {
      id: 'through.https',
      link: LINK,
      run: () =>
        isHttps || isLoopbackHost(url.hostname)
          ? null
          : failure(
              `${address} is plain HTTP: passwords and tokens travel in clear text.`,
              `Serve ${url.host} by HTTPS.`,
            ),
    },
    {
      ...ofAnswer('through.hsts', health, ({ headers }) => {
        const [, seconds] = /max-age=(\d+)/.exec(headers.get('strict-transport-security') ?? '') ?? []
        return Number(seconds ?? 0) > 0
          ? null
          : warning(
              'Answers have no Strict-Transport-Security, so a browser can be led to plain HTTP.',
              'Let the proxy send X-Forwarded-Proto, list it in TRUSTED_PROXIES, and set HSTS=subdomains.',
            )
      }),
      applies: () => isHttps,
    },
    { id: 'through.plain-http', link: LINK, applies: () => isHttps, run: () => judgePlainHttp(url, plainPort) },
    ofAnswer('through.no-store', refusedLogin, ({ headers }) =>
      /\bno-store\b/.test(headers.get('cache-control') ?? '')
        ? null
        : failure(
            'Answers of a login have no Cache-Control: no-store, so a cache on the way may give tokens to others.',
            'Let the proxy pass Cache-Control on, and cache nothing of this host.',
          ),
    ),
    ofAnswer('through.security-headers', health, ({ headers }) => {
      const names = ['x-content-type-options', 'content-security-policy', 'referrer-policy']
      const missing = names.filter((name) => !headers.get(name))
      return missing.length === 0
        ? null
        : warning(
            `The proxy removes ${missing.join(', ')}, which protect pages and answers.`,
            'Let the proxy pass them on.',
          )
    }),
    {
      id: 'through.public-url',
      link: 'configuration.md',
      run: ({ config: { publicUrl } }) =>
        publicUrl === null || publicUrl.replace(/\/$/, '') === address
          ? null
          : warning(`PUBLIC_URL is ${publicUrl}, and users reach ${address}.`, `PUBLIC_URL=${address}`),
    },
    {
      id: 'through.issuer',
      link: 'keys.md',
      applies: ({ config }) => config.publicUrl !== null,
      run: ({ config }) => judgeIssuer(address, config.issuer ?? config.publicUrl ?? ''),
    },
    {
      id: 'through.forwarded-for',
      link: LINK,
      needs: 'tables',
      async run(subject) {
        const answer = await refusedLogin().catch(() => null)
        if (answer === null) return skipped('The server does not answer.')
        if (answer.status !== 401) return skipped(`A login with a wrong password answers ${answer.status}.`)
        return judgeSeenAddress(subject, mark)
      },
    },
  ]
}

function remember<T>(run: () => Promise<T>): () => Promise<T> {
  let promise: Promise<T> | null = null
  return () => (promise ??= run())
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS)
  const response = await fetch(url, { redirect: 'manual', signal, ...init })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Logs in as a user who cannot exist, with a forged address. */
function logInWrongly(address: string, mark: string): Promise<Answer> {
  const email = `${randomBytes(9).toString('hex')}@doctor.invalid`
  return ask(`${address}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': mark, 'x-forwarded-for': FORGED_ADDRESS },
    body: JSON.stringify({ email, password: randomBytes(9).toString('hex') }),
  })
}

async function judgePlainHttp(url: URL, port: number): Promise<Finding | null> {
  const answer = await ask(`http://${url.hostname}:${port}/health`).catch(() => null)
  if (answer === null || answer.status >= 400) return null // closed, or refused
  if (/^https:/.test(answer.headers.get('location') ?? '')) return null
  return failure(
    `Plain HTTP answers ${answer.status} at port ${port}: passwords and tokens may travel in clear text.`,
    `Close port ${port}, or redirect it to ${url.origin}.`,
  )
}

async function judgeIssuer(address: string, expected: string): Promise<Finding | null> {
  const answer = await ask(`${address}/.well-known/oauth-authorization-server`).catch(() => null)
  if (answer === null) return skipped('The server does not answer.')
  if (answer.status !== 200) return skipped(`The metadata answer ${answer.status}.`)
  const { issuer } = JSON.parse(answer.text) as { issuer?: unknown }
  return issuer === expected
    ? null
    : failure(
        `The metadata name the issuer ${JSON.stringify(issuer)}, and the settings here ${JSON.stringify(expected)}: verifiers refuse its tokens.`,
        'Give the server and this command the same PUBLIC_URL and JWT_ISSUER.',
      )
}

/** Judges the address that the server saw: the audit of the refused login has it. */
async function judgeSeenAddress({ db, now, config }: OpenSubject, mark: string): Promise<Finding | null> {
  const since = new Date(now().getTime() - CLOCK_SLACK_MILLISECONDS)
  const filter = { userIds: null, sessionId: null, kind: 'login_failed', since, until: null, limit: 1000 } as const
  const seen = (await findAuditEvents(db, filter)).find(({ user_agent }) => user_agent === mark)
  if (!seen) return skipped('That server writes to another database than this command reads.')
  if (seen.ip !== FORGED_ADDRESS) return null
  // A trusted proxy may say for whom it asks: then to believe it is right.
  return ownAddresses().some((ip) => config.trustedProxies.includes(ip))
    ? warning(
        'It cannot be told from here whether clients can forge their address, because an address of this machine is a trusted proxy.',
        'Run tessera doctor --through on a machine that is not in TRUSTED_PROXIES.',
      )
    : failure(
        'The server believes the X-Forwarded-For of any client, so limits and the audit count forged addresses.',
        'List only your proxies in TRUSTED_PROXIES, and let them append to X-Forwarded-For or replace it.',
      )
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  if (name === 'TimeoutError') return `no answer within ${REQUEST_TIMEOUT_MILLISECONDS / 1000} seconds`
  return cause?.code ?? cause?.message ?? message
}
