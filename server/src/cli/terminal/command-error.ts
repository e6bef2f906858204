/** A command cannot do what it was asked; the message is one sentence that says what to mend. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
