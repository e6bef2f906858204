import { createTransport } from 'nodemailer'
import type { Message } from './message.ts'
import type { Sender } from './sender.ts'

export interface Envelope {
  to: string
  /** The same at every attempt, so that a mail sent twice is shown once. */
  messageId: string
  date: Date
}

export interface Smtp {
  /** @throws {NotSent} */
  send(message: Message, envelope: Envelope, signal: AbortSignal): Promise<void>
}

/** A mail did not leave, or nobody knows whether it did. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  /** The server refused this very mail, and would again. Trouble with the connection or the login is never that. */
  readonly refusedForGood: boolean
  /** For the log: a code, and nothing that the server or the message said. */
  readonly code: string
  constructor(message: string, code: string, refusedForGood: boolean, options: { cause: unknown }) {
    super(message, options)
    this.code = code
    this.refusedForGood = refusedForGood
  }
}

// Together well below the lease of a mail.
const TIMEOUTS = { connectionTimeout: 5000, greetingTimeout: 5000, socketTimeout: 10_000, dnsTimeout: 5000 }

/** Sends over SMTP, one connection per mail. A password never goes over a connection without TLS, unless it is loopback's. */
export function openSmtp(url: string, sender: Sender): Smtp {
  const { username, hostname } = new URL(url)
  const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
  const transport = createTransport({
    url,
    ...TIMEOUTS,
    requireTLS: username !== '' && !isLoopback,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const from = { name: sender.name ?? '', address: sender.address }
  return {
    async send(message, { to, messageId, date }, signal) {
      const headers = { 'Auto-Submitted': 'auto-generated' } // RFC 3834: no out-of-office answers, please
      try {
        await transport.sendMail({ ...message, from, to: { name: '', address: to }, messageId, date, headers, signal })
      } catch (error) {
        throw notSent(error as Error & { code?: string; responseCode?: number; permanent?: boolean })
      }
    },
  }
}

function notSent(error: Error & { code?: string; responseCode?: number; permanent?: boolean }): NotSent {
  const code = [error.code ?? error.name, error.responseCode].filter(Boolean).join(' ')
  const aboutThisMail = error.code === 'EENVELOPE' || error.code === 'EMESSAGE'
  // What a server answers to a login could repeat the login.
  const message = error.code === 'EAUTH' ? 'the mail server refused the login' : error.message
  return new NotSent(message, code, aboutThisMail && error.permanent === true, { cause: error })
}
