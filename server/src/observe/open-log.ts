import { destination, type Logger, pino } from 'pino'

/** Lines are collected this long: under load, a write for each line would cost more than the line itself. */
const FLUSH_INTERVAL_MILLISECONDS = 20

/** Linux writes this much to a pipe atomically. Longer lines could mix with those of other processes on the same pipe. */
const MAX_WRITE_CHARACTERS = 4096

/**
 * Opens the log on standard output. A single line is written at once, those of the next 20 ms together. Lines that still
 * wait when the process exits are written then.
 *
 * @param options.isForTerminal writes lines to be read by a developer rather than JSON
 */
export async function openLog(level: string, { isForTerminal = false } = {}): Promise<Logger> {
  const format = isForTerminal ? await terminalFormat() : null
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
    lines.push(format ? format(line) : line)
    if (!isCollecting) flushAndCollect()
  }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
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
