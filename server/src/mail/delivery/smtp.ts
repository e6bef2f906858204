import { hostname } from 'node:os'
import { PassThrough } from 'node:stream'
import { createTransport } from 'nodemailer'
import { isLoopbackHost } from '../../text/ip-address.ts'
import type { Message } from '../messages/message.ts'
import type { Sender } from '../messages/sender.ts'

interface Envelope {
  to: string
  /** The same for every attempt, so that mailboxes show a mail only once even if it was sent twice. */
  messageId: string
  date: Date
}

export interface Smtp {
  /** @throws {NotSent} */
  send(message: Message, envelope: Envelope, signal: AbortSignal): Promise<void>
}

/** The mail was not sent, or it is unknown whether it was. */
export class NotSent extends Error {
  override readonly name = 'NotSent'
  readonly failure: FailureKind
  /** For the log: a code, without any text of the server or the mail. */
  readonly code: string
  constructor(message: string, code: string, failure: FailureKind, options: { cause: unknown }) {
    super(message, options)
    this.code = code
    this.failure = failure
  }
}

/**
 * The reason why a mail was not sent: the server refused this mail, permanently or temporarily; its response to the
 * complete mail was lost, so that it may have been sent; or no mail can be sent, because of the connection or the login.
 */
type FailureKind = 'permanent' | 'temporary' | 'ambiguous' | 'connection'

// Mail servers keep strangers waiting on purpose, before they greet and before they respond (RFC 5321, 4.5.3.2). The
// library counts the greeting as part of connecting.
const TIMEOUTS = { connectionTimeout: 45_000, greetingTimeout: 45_000, socketTimeout: 50_000, dnsTimeout: 5000 }

/** Opens SMTP, with one connection per mail. Passwords are sent only over TLS or over the loopback interface. */
export function openSmtp(url: string, sender: Sender): Smtp {
  const transport = createTransport(transportOptions(url, sender))
  transport.use('stream', trackHandover)
  const from = { name: sender.name ?? '', address: sender.address }
  return {
    async send(message, { to, messageId, date }, signal) {
      const headers = { 'Auto-Submitted': 'auto-generated' } // RFC 3834: asks for no out-of-office replies
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

/**
 * Greets the mail server and logs in, and sends nothing.
 *
 * @throws {NotSent}
 */
export async function tryMailServer(url: string, sender: Sender, timeoutMilliseconds: number): Promise<void> {
  const timeouts = { connectionTimeout: timeoutMilliseconds, greetingTimeout: timeoutMilliseconds }
  const transport = createTransport({
    ...transportOptions(url, sender),
    ...timeouts,
    socketTimeout: timeoutMilliseconds,
    dnsTimeout: timeoutMilliseconds,
  })
  try {
    await transport.verify()
  } catch (error) {
    throw notSent(error as SendError, false)
  } finally {
    transport.close()
  }
}

function transportOptions(url: string, sender: Sender) {
  const { protocol, username, password, hostname: host, port } = new URL(url)
  const isLoopback = isLoopbackHost(host)
  const secure = protocol === 'smtps:'
  // The URL itself is not passed on, because the library would read options from it.
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: username !== '' && !isLoopback,
    // A mail server on this machine rarely has a certificate for `localhost`, and there is no network to listen on.
    ignoreTLS: username === '' && isLoopback,
    name: greetingName(sender),
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    ...TIMEOUTS,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** The name for EHLO: mail servers refuse the bracketed address that the library sends for a host without a full name. */
function greetingName({ address }: Sender): string {
  return hostname().includes('.') ? hostname() : address.slice(address.lastIndexOf('@') + 1)
}

interface SendError extends Error {
  code?: string
  responseCode?: number
  permanent?: boolean
}

function notSent(error: SendError, handedOver: boolean): NotSent {
  const code = [error.code ?? error.name, error.responseCode].filter(Boolean).join(' ')
  // The server's reply to a login may repeat the credentials.
  const message = error.code === 'EAUTH' ? 'the mail server refused the login' : error.message
  return new NotSent(message, code, failureKind(error, handedOver), { cause: error })
}

function failureKind(error: SendError, handedOver: boolean): FailureKind {
  const aboutThisMail = error.code === 'EENVELOPE' || error.code === 'EMESSAGE'
  if (aboutThisMail && error.responseCode) return error.permanent ? 'permanent' : 'temporary'
  return handedOver ? 'ambiguous' : 'connection'
}

/** Records when the last byte of a mail was handed over: after that, an error leaves unknown whether it was sent. */
function trackHandover(
  mail: { data: object; message: { transform(make: () => PassThrough): void } },
  done: () => void,
) {
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
