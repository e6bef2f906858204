import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Returns the processor time, in seconds, that the first thread of a process and its other threads have used. */
export function processorSeconds(pid: number): { firstThread: number; otherThreads: number } {
  const used = (folder: string) => seconds(statistics(folder), 11, 12)
  const firstThread = used(`/proc/${pid}/task/${pid}`)
  return { firstThread, otherThreads: used(`/proc/${pid}`) - firstThread }
}

/** Returns the processor time, in seconds, of the children of a process that have ended. */
export function endedChildrenSeconds(pid: number): number {
  return seconds(statistics(`/proc/${pid}`), 13, 14)
}

export function parentOf(pid: number): number {
  return Number(statistics(`/proc/${pid}`)[1])
}

/** The fields follow the name, which may contain anything. */
function statistics(folder: string): string[] {
  return readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
}

/** Adds up times, which are in ticks of 10 ms. */
function seconds(fields: readonly string[], ...places: number[]): number {
  return places.reduce((sum, place) => sum + Number(fields[place]), 0) / 100
}

/** Returns the processor time, in seconds, that everything on this machine has used. */
export function machineSeconds(): number {
  const busy = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
  return busy.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000
}

/** Returns the resident memory of a process in MB, now and at its peak. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}
