import { fstatSync, write, writeSync } from 'node:fs'

const STDOUT = 1
const STDERR = 2

/** Linux writes this much to a pipe atomically. Longer writes could mix with those of other processes on the same pipe. */
const MAX_WRITE_CHARACTERS = 4096
const MAX_WAITING_CHARACTERS = 1_000_000
/** A pipe whose reader is slow. */
const BUSY_RETRY_MILLISECONDS = 50
/** A full disk, or a terminal that has gone. */
const FAILURE_RETRY_MILLISECONDS = 500
const FINAL_WRITE_TIMEOUT_MILLISECONDS = 500

/**
 * Writes lines to standard output without ever waiting for it. While it cannot be written, a megabyte of lines is kept and
 * later ones are counted and dropped; writing is tried again until it works. Libraries for this retry a failed write
 * forever when the process exits, so that a full disk would keep it from ending.
 */
export class LogOutput {
  readonly #onDropped: (lines: number) => void
  readonly #onDrop: () => void
  #lines: string[] = []
  #waitingCharacters = 0
  #dropped = 0
  /** The chunk that is being written, or will be tried again. */
  #chunk: Buffer | null = null
  #writingSince: number | null = null
  #hasComplained = false

  /**
   * @param onDropped called with the number of lines that were dropped, once lines can be written again
   * @param onDrop called for each of them at once
   */
  constructor(onDropped: (lines: number) => void, onDrop: () => void = () => {}) {
    this.#onDrop = onDrop
    this.#onDropped = onDropped
  }

  /** Adds a line, which is written with the next call of {@link flush}. */
  add(line: string): void {
    if (this.#waitingCharacters > 0 && this.#waitingCharacters + line.length > MAX_WAITING_CHARACTERS) {
      this.#dropped++
      this.#onDrop()
      return
    }
    this.#lines.push(line)
    this.#waitingCharacters += line.length
  }

  flush(): void {
    if (this.#chunk === null && this.#lines.length > 0) this.#write(this.#takeChunk())
  }

  /** Writes what still waits, as far as that takes no longer than half a second: for the exit of the process. */
  end(): void {
    const giveUpAt = performance.now() + FINAL_WRITE_TIMEOUT_MILLISECONDS
    if (this.#writingSince === null) {
      while (this.#chunk !== null || this.#lines.length > 0) {
        const chunk = this.#chunk ?? this.#takeChunk()
        if (!writeUntil(chunk, giveUpAt)) return
        this.#chunk = null
      }
    } else if (performance.now() - this.#writingSince > FINAL_WRITE_TIMEOUT_MILLISECONDS) {
      // A thread of Node.js waits for a blocking pipe or a device, and an exit would wait for the thread.
      process.kill(process.pid, 'SIGKILL')
    }
  }

  #takeChunk(): Buffer {
    let [count, characters] = [0, 0]
    for (const { length } of this.#lines) {
      if (count > 0 && characters + length > MAX_WRITE_CHARACTERS) break
      count++
      characters += length
    }
    this.#waitingCharacters -= characters
    return Buffer.from(this.#lines.splice(0, count).join(''))
  }

  #write(chunk: Buffer): void {
    this.#chunk = chunk
    this.#writingSince = performance.now()
    write(STDOUT, chunk, (error, written) => {
      this.#writingSince = null
      if (error) return this.#retry(error)
      if (written < chunk.length) return this.#write(chunk.subarray(written))
      this.#chunk = null
      this.flush()
      if (this.#chunk === null) this.#reportDropped()
    })
  }

  #retry(error: NodeJS.ErrnoException): void {
    const isBusy = error.code === 'EAGAIN'
    if (!isBusy) this.#complain(error)
    const retry = () => {
      if (this.#chunk !== null) this.#write(this.#chunk)
    }
    setTimeout(retry, isBusy ? BUSY_RETRY_MILLISECONDS : FAILURE_RETRY_MILLISECONDS).unref()
  }

  #reportDropped(): void {
    const dropped = this.#dropped
    this.#dropped = 0
    if (dropped > 0) this.#onDropped(dropped)
  }

  /** Says once on standard error that the log fails, unless that is the same file or pipe. */
  #complain({ message }: Error): void {
    if (this.#hasComplained) return
    this.#hasComplained = true
    const [output, error] = [fstatSync(STDOUT), fstatSync(STDERR)]
    if (output.dev === error.dev && output.ino === error.ino) return
    write(STDERR, `tessera: The log cannot be written: ${message}. The server continues without it.\n`, () => {})
  }
}

/** Writes all of a chunk with calls that block, unless the time is over or the output fails. */
function writeUntil(chunk: Buffer, giveUpAt: number): boolean {
  let rest = chunk
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > giveUpAt) return false
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_RETRY_MILLISECONDS)
    }
  }
  return true
}
