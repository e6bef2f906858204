import type { FastifyReply } from 'fastify'

/** The header of the attempt that is handed out with a refresh token in a body. */
const ATTEMPT_HEADER = 'tessera-attempt'

/** Sends the attempt beside tokens that are in the body; none with a token that the client keeps. */
export function sendAttempt(reply: FastifyReply, { attempt }: { attempt: string | null }): void {
  if (attempt !== null) reply.header(ATTEMPT_HEADER, attempt)
}
