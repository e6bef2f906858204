import cluster, { type Worker } from 'node:cluster'
import type { Config } from '../config/config.ts'
import type { Log } from '../observe/log.ts'

/** Delays the replacement of a process that died, so that one that crashes at its start does not keep a core busy. */
const RESTART_DELAY_MILLISECONDS = 1000

/** Longer than a process takes to stop by itself, so that only one that hangs is killed. */
const KILL_TIMEOUT_MILLISECONDS = 27_000

/**
 * Runs several processes that share the port, replaces each that dies, and forwards signals. The first must listen before
 * the others start, so that an error that prevents a start is reported once.
 */
export function supervise({ processes }: Pick<Config, 'processes'>, log: Log): void {
  const workers = new Set<Worker>()
  let phase: 'starting' | 'serving' | 'stopping' = 'starting'
  let exitCode = 0

  const startOne = () => {
    if (phase === 'stopping') return
    const worker = cluster.fork()
    workers.add(worker)
    worker.once('exit', (code: number | null, signal: string | null) => {
      workers.delete(worker)
      if (phase === 'serving') {
        log.error({ pid: worker.process.pid, code, signal }, 'a process died and will be replaced')
        setTimeout(startOne, RESTART_DELAY_MILLISECONDS)
        return
      }
      // A process that does not serve yet is ended by the signal itself.
      if (code !== 0 && signal !== 'SIGTERM' && signal !== 'SIGINT') exitCode = 1
      if (workers.size === 0) process.exit(exitCode)
    })
  }
  const signalAll = (signal: NodeJS.Signals) => {
    for (const worker of workers) worker.process.kill(signal)
  }
  const stop = (signal: NodeJS.Signals) => {
    if (phase !== 'stopping') setTimeout(signalAll, KILL_TIMEOUT_MILLISECONDS, 'SIGKILL')
    phase = 'stopping'
    if (workers.size === 0) process.exit(exitCode)
    signalAll(signal)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  cluster.once('listening', () => {
    if (phase === 'stopping') return
    phase = 'serving'
    for (let started = 1; started < processes; started++) startOne()
  })
  startOne() // if it cannot serve, it reports why, and this process exits with it
}
