import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { CommandError } from './command-error.ts'
import { decodeUtf8 } from './decode-utf8.ts'

/** A new password: asked for twice at a terminal, unseen; else all of standard input, less its last line end. */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const password = decodeUtf8(await buffer(process.stdin), 'Standard input').replace(/\r?\n$/, '')
    if (password === '')
      throw new CommandError('No password came on standard input; pipe one in, or run this at a terminal.')
    if (/[\r\n]/.test(password))
      throw new CommandError('More than one line came on standard input; pipe in one password.')
    return password
  }
  const [password = '', again] = await ask(['Password: ', 'The same again: '], { hidden: true })
  if (again !== password) throw new CommandError('The two are not the same.')
  return password
}

/** A question whose answer begins with `y`; never at anything but a terminal. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CommandError('Nobody is there to confirm; say --yes.')
  const [answer = ''] = await ask([`${question} [y/N] `], { hidden: false })
  return /^y/i.test(answer)
}

/** One reader for all questions: a second one would lose what was pasted ahead. */
async function ask(questions: string[], { hidden }: { hidden: boolean }): Promise<string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: hidden ? nowhere : process.stderr, terminal: true })
  reader.on('SIGINT', () => reader.close()) // as Ctrl-D does
  const lines = reader[Symbol.asyncIterator]()
  const answers: string[] = []
  try {
    for (const question of questions) {
      process.stderr.write(question)
      const { value, done } = await lines.next()
      if (hidden) process.stderr.write('\n')
      if (done) throw new CommandError('Stopped; nothing was changed.')
      answers.push(value)
    }
    return answers
  } finally {
    reader.close()
  }
}
