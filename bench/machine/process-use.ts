import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Returns the processor time, in seconds, that the first thread of a process and its other threads have used. */
export function processorSeconds(pid: number): { firstThread: number; otherThreads: number } {
  const used = (folder: string) => {
    // The fields follow the name, which may contain anything; times are in ticks of 10 ms.
    const fields = readFileSync(`${folder}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  const firstThread = used(`/proc/${pid}/task/${pid}`)
  return { firstThread, otherThreads: used(`/proc/${pid}`) - firstThread }
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
