import type { App } from '../app/app.ts'
import type { Config } from '../config/reading/config.ts'
import type { Log } from '../observe/log.ts'

/** After the shutdown delay: longer than requests take, and shorter than the 40 seconds that deployments allow. */
const CLOSE_TIMEOUT_MILLISECONDS = 25_000
const GRACE_PERIOD_MILLISECONDS = 1000
/** A signal within this time of the first one is the same one, forwarded. */
const DUPLICATE_SIGNAL_MILLISECONDS = 500

/** The signals that stop a server. By default, the last two would end it at once, with requests under way. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2'] as const

/** By default, Node.js opens its debugger at SIGUSR1, and through it any user of the machine would read every secret. */
export function ignoreDebuggerSignal(): void {
  process.on('SIGUSR1', () => {})
}

/**
 * Handles signals from now on: as the first process of a container, one without handlers cannot be stopped. A stop before
 * it serves ends it at once; SIGHUP reads the files of certificates and keys again.
 *
 * @returns a function that tells of the app once it serves
 */
export function handleSignals({ shutdownDelaySeconds }: Config, log: Log): (app: App) => void {
  let app: App | null = null
  let stoppingSince: number | null = null
  const stop = (signal: string) => {
    if (stoppingSince !== null) {
      // npm forwards the Ctrl-C that the terminal has already sent to this process. A real second one exits at once.
      if (performance.now() - stoppingSince > DUPLICATE_SIGNAL_MILLISECONDS) process.exit(1)
      return
    }
    stoppingSince = performance.now()
    log.info({ signal }, 'stopping')
    if (app === null) process.exit(0)
    else closeAndExit(app, log, shutdownDelaySeconds * 1000)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  process.on('SIGHUP', () => {
    log.info({}, 'SIGHUP: files of certificates and keys are read again, and the server continues')
    void Promise.all([app?.renewCertificate(), app?.readSigningKeys()])
  })
  return (serving) => {
    app = serving
  }
}

function closeAndExit(app: App, log: Log, delayMilliseconds: number): void {
  const giveUp = async () => {
    log.error({ connections: await app.countConnections() }, 'stopped with requests under way')
    process.exit(1)
  }
  setTimeout(giveUp, delayMilliseconds + CLOSE_TIMEOUT_MILLISECONDS).unref()
  app.close({ graceMilliseconds: GRACE_PERIOD_MILLISECONDS, delayMilliseconds }).then(
    () => process.exit(0),
    (error) => {
      log.error({ err: error }, 'shutdown failed')
      process.exit(1)
    },
  )
}
