/** A command cannot do what was asked; the message is one sentence that says what failed or what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}
