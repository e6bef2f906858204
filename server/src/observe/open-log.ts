import { destination, type Logger, pino } from 'pino'

/** Lines are collected this long: under load, a write for each line would cost more than the line itself. */
const FLUSH_INTERVAL_MILLISECONDS = 20

/** Linux writes this much to a pipe atomically. Longer lines could mix with those of other processes on the same pipe. */
const MAX_WRITE_CHARACTERS = 4096

/**
 * Opens the log on standard output. A single line is written at once, those of the next 20 ms together. Lines that still
 * wait when the process exits are written then.
 */
export function openLog(level: string): Logger {
  const output = destination({ dest: 1, sync: false, maxWrite: MAX_WRITE_CHARACTERS })
  let lines: string[] = []
  const flush = () => {
    for (const chunk of toChunks(lines)) output.write(chunk)
    lines = []
  }
  process.on('exit', () => {
    flush()
    output.flushSync()
  })
  let isCollecting = false
  const flushAndCollect = () => {
    isCollecting = lines.length > 0
    if (isCollecting) setTimeout(flushAndCollect, FLUSH_INTERVAL_MILLISECONDS)
    flush()
  }
  const write = (line: string) => {
    lines.push(line)
    if (!isCollecting) flushAndCollect()
  }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

function* toChunks(lines: readonly string[]): Iterable<string> {
  let chunk = ''
  for (const line of lines) {
    if (chunk && chunk.length + line.length > MAX_WRITE_CHARACTERS) {
      yield chunk
      chunk = ''
    }
    chunk += line
  }
  if (chunk) yield chunk
}
