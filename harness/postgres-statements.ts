const PARSE = 'P'.charCodeAt(0)
const BIND = 'B'.charCodeAt(0)
/** What every rotation says and nothing else: it uses a token up. */
const ROTATION = 'set used_at ='

/**
 * Follows what a client says to PostgreSQL (documentation, "Message Formats"), far enough to count the rotations: a
 * statement is parsed once under a name and then executed by it.
 */
export class FrontendMessages {
  #rest: Buffer = Buffer.alloc(0)
  #started = false
  readonly #rotating = new Set<string>()

  /** How many rotations this part of the stream asks for. */
  rotationsIn(chunk: Buffer): number {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let rotations = 0
    for (let message = this.#next(); message; message = this.#next()) if (this.#isRotation(message)) rotations++
    return rotations
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

  #isRotation(message: Buffer): boolean {
    const texts = (from: number) => message.toString('latin1', from).split('\0', 2) as [string, string]
    if (message[0] === PARSE) {
      const [name, statement] = texts(5)
      if (statement.includes(ROTATION)) this.#rotating.add(name)
    }
    return message[0] === BIND && this.#rotating.has(texts(5)[1])
  }
}
