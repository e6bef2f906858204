import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Seconds of processor time that a process has used since its start, its first thread apart from the others. */
export function processorSeconds(pid: number): { firstThread: number; otherThreads: number } {
  const used = (folder: string) => {
    // Ticks of 10 ms, counted behind the name, which may hold anything.
    const fields = readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  const firstThread = used(`/proc/${pid}/task/${pid}`)
  return { firstThread, otherThreads: used(`/proc/${pid}`) - firstThread }
}

/** The same of everything that ran on this machine. */
export function machineSeconds(): number {
  const busy = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
  return busy.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000
}

/** Resident memory of a process in MB, and the most that it ever was. */
export function memoryOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') }
}
