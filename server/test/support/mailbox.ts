import type { TestServer } from './server.ts'

export interface ReadMail {
  id: number
  to: string
  kind: string
  subject: string
  text: string
  html: string
  /** The token of its link; null if it has none. */
  link: string | null
  /** Its code; null if it has none. */
  code: string | null
}

/** Writes the mails that were asked for, and reads those to an address in the development mailbox, newest first. */
export async function readMails(server: TestServer, to: string): Promise<ReadMail[]> {
  await server.deliverMails()
  const { mails } = (await server.get('/dev/mail')).body as { mails: { id: number; to: string }[] }
  const own = mails.filter((mail) => mail.to === to)
  return Promise.all(
    own.map(async ({ id }) => {
      const mail = (await server.get(`/dev/mail/${id}`)).body
      const link = /#token=([\w-]{54})\b/.exec(mail.text)?.[1] ?? null
      const code = /^ {2}([0-9A-Z]{4}-[0-9A-Z]{4})$/m.exec(mail.text)?.[1] ?? null
      return { ...mail, link, code }
    }),
  )
}

/** Reads the newest mail of a kind to an address. */
export async function readMail(server: TestServer, to: string, kind: string): Promise<ReadMail> {
  const mail = (await readMails(server, to)).find((candidate) => candidate.kind === kind)
  if (!mail) throw new Error(`no mail of the kind ${kind} to ${to}`)
  return mail
}

/** The token of the link in a mail. */
export function linkOf(mail: ReadMail): string {
  if (mail.link === null) throw new Error(`the mail has no link: ${mail.text}`)
  return mail.link
}

/** The code in a mail. */
export function codeOf(mail: ReadMail): string {
  if (mail.code === null) throw new Error(`the mail has no code: ${mail.text}`)
  return mail.code
}
