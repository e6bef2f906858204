import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** A mail server that counts what it takes, and refuses or hangs on demand. */
export interface MailSink {
  port: number
  mode: 'open' | 'refuse' | 'hang'
  /** Message-ID -> how often it came, and to whom. */
  taken: Map<string, { copies: number; to: string }>
}

export async function startMailSink(): Promise<MailSink> {
  const sink: MailSink = { port: 0, mode: 'open', taken: new Map() }
  const busy = () => Object.assign(new Error('try again later'), { responseCode: 451 })
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    onMailFrom(_address, _session, answer) {
      if (sink.mode === 'open') answer()
      else if (sink.mode === 'refuse') answer(busy())
      // Hanging: no answer ever.
    },
    onData(stream, session, answer) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('end', () => {
        const id = /^message-id: *(\S+)/im.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? ''
        const to = session.envelope.rcptTo[0]?.address ?? ''
        sink.taken.set(id, { copies: (sink.taken.get(id)?.copies ?? 0) + 1, to })
        answer()
      })
    },
  })
  smtp.on('error', () => {}) // clients that are killed
  smtp.listen(0, '127.0.0.1')
  await once(smtp.server, 'listening')
  smtp.server.unref()
  sink.port = (smtp.server.address() as AddressInfo).port
  return sink
}
