import { PassThrough } from 'node:stream'
import { createTransport } from 'nodemailer'
import type { Message } from '../messages/message.ts'
import type { Sender } from '../messages/sender.ts'

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
  readonly failure: FailureKind
  /** For the log: a code, and nothing that the server or the message said. */
  readonly code: string
  constructor(message: string, code: string, failure: FailureKind, options: { cause: unknown }) {
    super(message, options)
    this.code = code
    this.failure = failure
  }
}

/**
 * What stood in the way: the server refused this very mail for good, or not now; its answer to the whole mail was lost, so
 * that it may have left; or no mail can leave, because of the connection or the login.
 */
export type FailureKind = 'permanent' | 'temporary' | 'ambiguous' | 'connection'

// Long enough for a filter that reads a mail before it answers, and together below the lease of a mail.
const TIMEOUTS = { connectionTimeout: 5000, greetingTimeout: 5000, socketTimeout: 50_000, dnsTimeout: 5000 }

/** Sends over SMTP, one connection per mail. A password never goes over a connection without TLS, unless it is loopback's. */
export function openSmtp(url: string, sender: Sender): Smtp {
  const { protocol, username, password, hostname, port } = new URL(url)
  const isLoopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
  const secure = protocol === 'smtps:'
  // Never the URL itself: the library would read options out of it.
  const transport = createTransport({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: username !== '' && !isLoopback,
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    ...TIMEOUTS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  transport.use('stream', noteHandover)
  const from = { name: sender.name ?? '', address: sender.address }
  return {
    async send(message, { to, messageId, date }, signal) {
      const headers = { 'Auto-Submitted': 'auto-generated' } // RFC 3834: no out-of-office answers, please
      const progress = { handedOver: false }
      const mail = { ...message, from, to: { name: '', address: to }, messageId, date, headers, signal, progress }
      try {
        await transport.sendMail(mail)
      } catch (error) {
        throw notSent(error as SendError, progress.handedOver)
      }
    },
  }
}

interface SendError extends Error {
  code?: string
  responseCode?: number
  permanent?: boolean
}

function notSent(error: SendError, handedOver: boolean): NotSent {
  const code = [error.code ?? error.name, error.responseCode].filter(Boolean).join(' ')
  // What a server answers to a login could repeat the login.
  const message = error.code === 'EAUTH' ? 'the mail server refused the login' : error.message
  return new NotSent(message, code, failureKind(error, handedOver), { cause: error })
}

function failureKind(error: SendError, handedOver: boolean): FailureKind {
  const aboutThisMail = error.code === 'EENVELOPE' || error.code === 'EMESSAGE'
  if (aboutThisMail && error.responseCode) return error.permanent ? 'permanent' : 'temporary'
  return handedOver ? 'ambiguous' : 'connection'
}

/** From the last byte of a mail on, an error means that nobody knows whether it left. */
function noteHandover(mail: { data: object; message: { transform(make: () => PassThrough): void } }, done: () => void) {
  const { progress } = mail.data as { progress: { handedOver: boolean } }
  mail.message.transform(
    () =>
      new PassThrough({
        flush(finished) {
          progress.handedOver = true
          finished()
        },
      }),
  )
  done()
}
