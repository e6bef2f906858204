import { rmSync } from 'node:fs'
import { endProcess } from '../../../harness/launch-tessera.ts'
import { quantile } from '../../../harness/statistics.ts'
import { signUpUsers } from '../sign-up-users.ts'
import { startLoad } from '../start-load.ts'
import { startServer } from '../start-server.ts'
import type { AttackerOptions } from './attacker.ts'
import type { Attack } from './attacks.ts'
import type { Outcomes } from './outcome.ts'
import type { VictimResult, VictimsOptions } from './victim.ts'

const CONNECTIONS = 100
const SETTINGS = { RATE_LIMIT: 'on', TRUSTED_PROXIES: '127.0.0.1' }

/** Attacks a new server with limits. Returns two cells of a table for each victim: the victim's logins, and the attack's. */
export async function measureAttack(
  { name, victims, ownEmails }: Attack,
  { seconds, settings }: { seconds: number; settings: Record<string, string> },
): Promise<string[][]> {
  const { url, child: server, folder } = await startServer({ ...SETTINGS, ...settings })
  await signUpUsers(url, [...victims.map(({ email }) => email), ...ownEmails])
  const start = (file: string, options: AttackerOptions | VictimsOptions, nice: number) =>
    startLoad(file, [JSON.stringify(options)], nice)
  const victim = start('attack/victim.ts', { url, seconds, victims }, 0)
  const attacker = start('attack/attacker.ts', { url, seconds, connections: CONNECTIONS, name }, 10)
  await Promise.all([victim.message(), attacker.message()])
  const ended = Promise.all([victim.message(), attacker.message()]) as Promise<[VictimResult[], Outcomes]>
  for (const { child } of [attacker, victim]) child.send('the attack starts')
  const [results, outcomes] = await ended
  await endProcess(server, 'SIGKILL')
  rmSync(folder, { recursive: true })
  return results.map((result) => [formatVictim(result), formatRates(outcomes, seconds)])
}

function formatVictim({ outcomes, times }: VictimResult): string {
  const refused = Object.entries(outcomes).filter(([outcome]) => outcome !== '200')
  const count = refused.reduce((sum, [, number]) => sum + number, 0)
  const statuses = refused.map(([outcome, number]) => `${number} × ${outcome}`).join(', ')
  const milliseconds = [0.5, 0.99].map((share) => (times.length > 0 ? quantile(times, share).toFixed(0) : '-'))
  return `${times.length} / ${count}${statuses && ` (${statuses})`}, ${milliseconds.join(' / ')}`
}

function formatRates(outcomes: Outcomes, seconds: number): string {
  return Object.entries(outcomes)
    .map(([outcome, number]) => `${outcome}: ${(number / seconds).toFixed(1)}`)
    .join(', ')
}
