import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  add(rows: number): void
  stop(): void
}

/** Shows a bar on standard error at a terminal, and nothing elsewhere. */
export function showProgress(step: 'copied' | 'compared', total: number): Progress {
  const format = `{bar} {percentage} % | {value} of {total} rows ${step} | {rate}/s | {eta_formatted} left`
  const bar = new SingleBar({ format, noTTYOutput: false, stream: process.stderr }, Presets.shades_classic)
  const startedAt = performance.now()
  let done = 0
  bar.start(total, 0, { rate: 0 })
  return {
    add(rows) {
      done += rows
      bar.update(done, { rate: Math.round((done * 1000) / (performance.now() - startedAt)) })
    },
    stop: () => bar.stop(),
  }
}
