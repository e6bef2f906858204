import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { CommandError } from './command-error.ts'
import { decodeUtf8 } from './decode-utf8.ts'

/** Reads a new password: twice from a terminal, without showing it, or all of standard input without its last line end. */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const password = decodeUtf8(await buffer(process.stdin), 'Standard input').replace(/\r?\n$/, '')
    if (password === '') throw new CommandError('Standard input has no password: pipe one in, or use a terminal.')
    if (/[\r\n]/.test(password)) throw new CommandError('Standard input has more than one line: pipe in one password.')
    return password
  }
  const [password = '', again] = await ask(['Password: ', 'Password again: '], { hidden: true })
  if (again !== password) throw new CommandError('The passwords do not match.')
  return password
}

/** Asks a yes-or-no question at a terminal. @throws {CommandError} if there is none */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CommandError('Not a terminal: pass --yes to confirm.')
  const [answer = ''] = await ask([`${question} [y/N] `], { hidden: false })
  return /^y/i.test(answer)
}

/** Asks all questions with one reader: a second one would lose input that was pasted ahead. */
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
      if (done) throw new CommandError('Cancelled: nothing was changed.')
      answers.push(value)
    }
    return answers
  } finally {
    reader.close()
  }
}
