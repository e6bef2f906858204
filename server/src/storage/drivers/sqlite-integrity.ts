import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const READ = `
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(process.argv[1], { readOnly: true })
  process.stdout.write(String(database.prepare('pragma integrity_check(1)').get().integrity_check))`

/**
 * Reads a whole SQLite file in a process of its own, because nothing else can stop SQLite within a statement.
 *
 * @returns `ok`, the first damage, or null if there was not enough time
 */
export async function checkIntegrity(file: string, maxMilliseconds: number): Promise<string | null> {
  try {
    const options = { timeout: maxMilliseconds, killSignal: 'SIGKILL' } as const
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', READ, '--', file], options)
    return stdout
  } catch (error) {
    const { killed, stderr = '' } = error as { killed?: boolean; stderr?: string }
    return killed ? null : (/^Error: (.*)$/m.exec(stderr)?.[1] ?? 'it cannot be read')
  }
}
