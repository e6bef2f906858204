import cluster, { type Worker } from 'node:cluster'
import type { Config } from '../config/reading/config.ts'
import type { Log } from '../observe/log.ts'
import { STOP_SIGNALS } from './signals.ts'

/** Delays the replacement of a process that died, so that one that crashes at its start does not keep a core busy. */
const RESTART_DELAY_MILLISECONDS = 1000

/** After the shutdown delay: longer than a process takes to stop by itself, so that only one that hangs is killed. */
const KILL_TIMEOUT_MILLISECONDS = 27_000

/**
 * Runs several processes that share the port, replaces each that dies, and forwards signals. The first must listen before
 * the others start, so that an error that prevents a start is reported once.
 */
export function supervise(
  { processes, shutdownDelaySeconds }: Pick<Config, 'processes' | 'shutdownDelaySeconds'>,
  log: Log,
): void {
  const workers = new Set<Worker>()
  const listening = new Set<Worker>()
  let phase: 'starting' | 'serving' | 'stopping' = 'starting'
  let exitCode = 0

  const startOne = () => {
    if (phase === 'stopping') return
    const worker = cluster.fork()
    workers.add(worker)
    worker.once('listening', () => listening.add(worker))
    worker.once('exit', (code: number | null, signal: string | null) => {
      workers.delete(worker)
      listening.delete(worker)
      if (phase === 'serving') {
        log.error({ pid: worker.process.pid, code, signal }, 'a process died and will be replaced')
        setTimeout(startOne, RESTART_DELAY_MILLISECONDS)
        return
      }
      // A process that does not serve yet is ended by the signal itself.
      if (code !== 0 && !STOP_SIGNALS.some((stopSignal) => stopSignal === signal)) exitCode = 1
      if (workers.size === 0) process.exit(exitCode)
    })
  }
  const signalAll = (signal: NodeJS.Signals) => {
    for (const worker of workers) worker.process.kill(signal)
  }
  const stop = (signal: NodeJS.Signals) => {
    if (phase !== 'stopping') setTimeout(signalAll, shutdownDelaySeconds * 1000 + KILL_TIMEOUT_MILLISECONDS, 'SIGKILL')
    phase = 'stopping'
    if (workers.size === 0) process.exit(exitCode)
    signalAll(signal)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  process.on('SIGHUP', () => {
    for (const worker of listening) worker.process.kill('SIGHUP') // it would end one that has no handler yet
  })

  cluster.once('listening', () => {
    if (phase === 'stopping') return
    phase = 'serving'
    for (let started = 1; started < processes; started++) startOne()
  })
  startOne() // if it cannot serve, it reports why, and this process exits with it
}
