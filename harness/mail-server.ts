import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail extends Email {
  raw: string
  /** The envelope's recipients. */
  recipients: string[]
}

export interface MailServer {
  url: string
  port: number
  inbox: ReceivedMail[]
  /** The code that a recipient is answered with; null accepts. */
  refuse: (address: string) => number | null
  words: string
  /** Told of each mail before it is accepted. */
  onMail: (() => Promise<void>) | null
  close(): Promise<void>
}

/** A real mail server on a port of its own. */
export async function startMailServer(options: SMTPServerOptions & { port?: number } = {}): Promise<MailServer> {
  const { port = 0, ...rest } = options
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onRcptTo({ address }, _session, answer) {
      const responseCode = server.refuse(address)
      if (responseCode === null) return answer()
      answer(Object.assign(new Error(server.words), { responseCode }))
    },
    onData(stream, session, answer) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', async () => {
        const raw = Buffer.concat(chunks).toString('latin1')
        const recipients = session.envelope.rcptTo.map(({ address }) => address)
        const mail = await PostalMime.parse(Buffer.concat(chunks))
        await server.onMail?.()
        server.inbox.push({ ...mail, raw, recipients })
        answer()
      })
    },
    ...rest,
  })
  smtp.on('error', () => {}) // clients that are killed
  smtp.listen(port, '127.0.0.1')
  await once(smtp.server, 'listening')
  const bound = (smtp.server.address() as AddressInfo).port
  let closing: Promise<void> | null = null
  const server: MailServer = {
    url: `smtp://127.0.0.1:${bound}`,
    port: bound,
    inbox: [],
    refuse: () => null,
    words: 'no such mailbox',
    onMail: null,
    close: () => (closing ??= new Promise<void>((resolve) => smtp.close(() => resolve()))),
  }
  after(server.close)
  return server
}
