/** Lets Ctrl-C and SIGTERM stop some steps, wherever they are. A second signal ends the process at once. */
export async function withStopSignals<T>(
  stopping: AbortController,
  secondSentence: string,
  steps: () => Promise<T>,
): Promise<T> {
  const stop = () => {
    if (!stopping.signal.aborted) return stopping.abort()
    process.stderr.write(`tessera: ${secondSentence}\n`)
    process.exit(1)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await steps()
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/** Resolves once a signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
