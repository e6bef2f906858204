import cluster, { type Worker } from 'node:cluster'
import type { Config } from '../config/config.ts'
import { openLog } from '../observe/open-log.ts'

/** Before a process that died is replaced: one that cannot live must not keep a core busy with dying. */
const PAUSE_MILLISECONDS = 1000

/** Longer than a process takes that stops by itself: one that hangs cannot. */
const KILL_TIMEOUT_MILLISECONDS = 27_000

/**
 * Runs several processes that share the port, puts a new one in the place of each that dies, and passes signals on. The
 * first must listen before the others start, so that what keeps a server from starting is said once.
 */
export function supervise({ processes, logLevel }: Pick<Config, 'processes' | 'logLevel'>): void {
  const log = openLog(logLevel)
  const living = new Set<Worker>()
  let phase: 'starting' | 'serving' | 'stopping' = 'starting'
  let exitCode = 0

  const startOne = () => {
    if (phase === 'stopping') return
    const worker = cluster.fork()
    living.add(worker)
    worker.once('exit', (code: number | null, signal: string | null) => {
      living.delete(worker)
      if (phase === 'serving') {
        log.error({ pid: worker.process.pid, code, signal }, 'a process ended; another takes its place')
        setTimeout(startOne, PAUSE_MILLISECONDS)
        return
      }
      // One that had not begun to serve yet ends by the signal itself.
      if (code !== 0 && signal !== 'SIGTERM' && signal !== 'SIGINT') exitCode = 1
      if (living.size === 0) process.exit(exitCode)
    })
  }
  const signalAll = (signal: NodeJS.Signals) => {
    for (const worker of living) worker.process.kill(signal)
  }
  const stop = (signal: NodeJS.Signals) => {
    if (phase !== 'stopping') setTimeout(signalAll, KILL_TIMEOUT_MILLISECONDS, 'SIGKILL')
    phase = 'stopping'
    if (living.size === 0) process.exit(exitCode)
    signalAll(signal)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  cluster.once('listening', () => {
    if (phase === 'stopping') return
    phase = 'serving'
    for (let started = 1; started < processes; started++) startOne()
  })
  startOne() // where it cannot serve, it says why itself, and its end is ours
}
