import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail extends Email {
  raw: string
  /** The recipients of the envelope. */
  recipients: string[]
}

export interface MailServer {
  url: string
  port: number
  inbox: ReceivedMail[]
  /** `refuse` answers senders with 451 (try again later), `hang` does not answer them. */
  mode: 'open' | 'refuse' | 'hang'
  /** Returns the code that refuses a recipient; null accepts. */
  refuse: (address: string) => number | null
  refusalText: string
  /** Called for each mail before it is accepted. */
  onMail: (() => Promise<void>) | null
  close(): Promise<void>
}

/** Starts a real mail server on a port of its own. It keeps no process alive. */
export async function startMailServer(options: SMTPServerOptions & { port?: number } = {}): Promise<MailServer> {
  const { port = 0, ...rest } = options
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onMailFrom(_address, _session, answer) {
      if (server.mode === 'open') answer()
      else if (server.mode === 'refuse') answer(refusal('try again later', 451))
    },
    onRcptTo({ address }, _session, answer) {
      const code = server.refuse(address)
      answer(code === null ? null : refusal(server.refusalText, code))
    },
    onData(stream, session, answer) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', async () => {
        const bytes = Buffer.concat(chunks)
        const recipients = session.envelope.rcptTo.map(({ address }) => address)
        const mail = await PostalMime.parse(bytes)
        await server.onMail?.()
        server.inbox.push({ ...mail, raw: bytes.toString('latin1'), recipients })
        answer()
      })
    },
    ...rest,
  })
  smtp.on('error', () => {}) // clients that are killed cause errors
  smtp.listen(port, '127.0.0.1')
  await once(smtp.server, 'listening')
  smtp.server.unref()
  const bound = (smtp.server.address() as AddressInfo).port
  let closing: Promise<void> | null = null
  const server: MailServer = {
    url: `smtp://127.0.0.1:${bound}`,
    port: bound,
    inbox: [],
    mode: 'open',
    refuse: () => null,
    refusalText: 'no such mailbox',
    onMail: null,
    close: () => (closing ??= new Promise<void>((resolve) => smtp.close(() => resolve()))),
  }
  return server
}

function refusal(message: string, responseCode: number): Error {
  return Object.assign(new Error(message), { responseCode })
}
