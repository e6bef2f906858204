import { type Logger, pino } from 'pino'
import { LogOutput } from './log-output.ts'

/** Lines are collected this long: under load, a write for each line would cost more than the line itself. */
const FLUSH_INTERVAL_MILLISECONDS = 20

/**
 * Opens the log on standard output. A single line is written at once, those of the next 20 ms together. Lines that still
 * wait when the process exits are written then. An output that is full or stalled delays nothing but its lines.
 *
 * @param options.isForTerminal writes lines to be read by a developer rather than JSON
 * @param options.onDrop called for each line that is lost
 */
export async function openLog(level: string, { isForTerminal = false, onDrop = () => {} } = {}): Promise<Logger> {
  const format = isForTerminal ? await terminalFormat() : null
  const output = new LogOutput(
    (lines) => log.warn({ lines }, 'the log could not be written, and lines were dropped'),
    onDrop,
  )
  let isCollecting = false
  let hasLines = false
  const flushAndCollect = () => {
    isCollecting = hasLines
    if (isCollecting) setTimeout(flushAndCollect, FLUSH_INTERVAL_MILLISECONDS)
    hasLines = false
    output.flush()
  }
  const write = (line: string) => {
    output.add(format ? format(line) : line)
    hasLines = true
    if (!isCollecting) flushAndCollect()
  }
  process.on('exit', () => output.end())
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
  return log
}

/** The library is loaded only where it is used. */
async function terminalFormat(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  const format = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    messageFormat: (line) => sentenceOf(line as Record<string, string>),
    ignore: 'requestId,method,path,status,ms,reason', // are in the sentence
  })
  return (line) => format(withoutControls(line))
}

function sentenceOf({ msg, method, path, status, ms, reason }: Record<string, string>): string {
  const sentence = path === undefined ? msg : `${method} ${path} ${status} in ${ms} ms`
  return reason === undefined ? `${sentence}` : `${sentence}: ${reason}`
}

/** Values of clients may not steer the terminal. */
function withoutControls(line: string): string {
  return line
    .trimEnd()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
    .replaceAll(/\\u00[01][\da-f]/g, '\\ufffd') // as JSON writes them
}
