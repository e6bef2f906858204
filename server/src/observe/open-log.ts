import { destination, type Logger, pino } from 'pino'

/** Under load a write for each line cost more than the line. */
const FLUSH_INTERVAL_MILLISECONDS = 20

/** What a pipe takes whole (Linux), since several processes may write into it; a longer line may be cut by another's. */
const MAX_WRITE_CHARACTERS = 4096

/**
 * The log, on standard output. A line alone is written at once, those of the 20 ms after it together. What is still waiting
 * when the process exits is written then.
 */
export function openLog(level: string): Logger {
  const output = destination({ dest: 1, sync: false, maxWrite: MAX_WRITE_CHARACTERS })
  let lines: string[] = []
  const pass = () => {
    for (const chunk of chunksOf(lines)) output.write(chunk)
    lines = []
  }
  process.on('exit', () => {
    pass()
    output.flushSync()
  })
  let gathering = false
  const passAndGather = () => {
    gathering = lines.length > 0
    if (gathering) setTimeout(passAndGather, FLUSH_INTERVAL_MILLISECONDS)
    pass()
  }
  const write = (line: string) => {
    lines.push(line)
    if (!gathering) passAndGather()
  }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write })
}

function* chunksOf(lines: readonly string[]): Iterable<string> {
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
