import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Starts a process of load, which sends a message when it is ready and its result at its end. */
export function startLoad(file: string, words: readonly string[], nice: number) {
  const command = ['-n', `${nice}`, process.execPath, join(import.meta.dirname, file), ...words]
  const child: ChildProcess = spawn('nice', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  child.once('exit', (code, signal) => {
    if (signal) process.stderr.write(`${file} was ended by ${signal}: measure again.\n`)
    if (code !== 0) process.exit(code ?? 1)
  })
  return { child, message: async (): Promise<unknown> => (await once(child, 'message'))[0] }
}
