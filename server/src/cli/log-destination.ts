import { destination } from 'pino'

/** A write for each line cost more than the line. */
const PATIENCE_MILLISECONDS = 20

/**
 * Standard output for pino: lines that come together are written together, none more than 20 ms late. What is still waiting
 * when the process exits is written then.
 */
export function logDestination(): { write(line: string): void } {
  const output = destination({ dest: 1, sync: false })
  let lines: string[] = []
  const pass = () => {
    if (lines.length > 0) output.write(lines.join(''))
    lines = []
  }
  process.on('exit', () => {
    pass()
    output.flushSync()
  })
  return {
    write(line) {
      if (lines.push(line) === 1) setTimeout(pass, PATIENCE_MILLISECONDS)
    },
  }
}
