import { CommandError } from '../terminal/command-error.ts'

/** A figure of the page of metrics. */
export interface Figure {
  name: string
  labels: Readonly<Record<string, string>>
  value: number
}

const TIMEOUT_MILLISECONDS = 10_000

/**
 * Reads the page of metrics of a server.
 *
 * @throws {CommandError} if no page of Tessera is there
 */
export async function readPage(url: string): Promise<Figure[]> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) }).catch((error: Error) => {
    const { message } = (error.cause as Error | undefined) ?? error
    throw new CommandError(`${url} does not answer: ${message}. Does the server run with METRICS_PORT?`)
  })
  if (answer.status !== 200) throw new CommandError(`${url} answers ${answer.status}: give the address of its metrics.`)
  const figures = parsePage(await answer.text())
  if (!figures.some(({ name }) => name === 'tessera_build_info'))
    throw new CommandError(`${url} has no metrics of Tessera: give the address of its metrics.`)
  return figures
}

function parsePage(text: string): Figure[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) return []
    const pairs = labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)
    return [{ name, labels: Object.fromEntries([...pairs].map(([, key, of]) => [key, of])), value: Number(value) }]
  })
}
