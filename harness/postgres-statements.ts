const PARSE = 'P'.charCodeAt(0)
const BIND = 'B'.charCodeAt(0)

/**
 * Follows the messages of one client to PostgreSQL (documentation, "Message Formats"), as far as needed to count the
 * executions of one kind of statement: a statement is parsed once under a name and then bound by that name.
 */
export class PostgresStatements {
  readonly #text: string
  #rest: Buffer = Buffer.alloc(0)
  #started = false
  readonly #names = new Set<string>()

  /** @param text a part of the statements to count, as they are written */
  constructor(text: string) {
    this.#text = text
  }

  /** Returns how many executions the next part of the stream asks for. */
  countIn(chunk: Buffer): number {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let count = 0
    for (let message = this.#next(); message; message = this.#next()) if (this.#isExecution(message)) count++
    return count
  }

  /** The next whole message; the one that opens a connection has no type before its length. */
  #next(): Buffer | null {
    const head = this.#started ? 1 : 0
    if (this.#rest.length < head + 4) return null
    const length = head + this.#rest.readUInt32BE(head)
    if (this.#rest.length < length) return null
    const message = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    if (this.#started) return message
    this.#started = true
    return this.#next()
  }

  #isExecution(message: Buffer): boolean {
    const strings = (start: number) => message.toString('latin1', start).split('\0', 2) as [string, string]
    if (message[0] === PARSE) {
      const [name, statement] = strings(5)
      if (statement.includes(this.#text)) this.#names.add(name)
    }
    return message[0] === BIND && this.#names.has(strings(5)[1])
  }
}
