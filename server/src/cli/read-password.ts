import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CommandError } from './command-error.ts'

/** A new password: asked for twice at a terminal, unseen; else all of standard input, less its last line end. */
export async function readNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const password = (await text(process.stdin)).replace(/\r?\n$/, '')
    if (password === '')
      throw new CommandError('No password came on standard input; pipe one in, or run this at a terminal.')
    return password
  }
  const password = await ask('Password: ', { hidden: true })
  if ((await ask('The same again: ', { hidden: true })) !== password)
    throw new CommandError('The two are not the same.')
  return password
}

/** A question whose answer begins with `y`; never at anything but a terminal. */
export async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CommandError('Nobody is there to confirm; say --yes.')
  return /^y/i.test(await ask(`${question} [y/N] `, { hidden: false }))
}

async function ask(question: string, { hidden }: { hidden: boolean }): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: hidden ? nowhere : process.stderr, terminal: true })
  const interrupted = new AbortController()
  lines.on('SIGINT', () => interrupted.abort())
  lines.on('close', () => interrupted.abort()) // Ctrl-D
  if (hidden) process.stderr.write(question)
  try {
    return await lines.question(hidden ? '' : question, { signal: interrupted.signal })
  } catch {
    throw new CommandError('Stopped; nothing was changed.')
  } finally {
    lines.close()
    if (hidden) process.stderr.write('\n')
  }
}
