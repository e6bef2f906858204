import type { FastifyReply } from 'fastify'

/** Answers a probe with a text that needs no serializer: an orchestrator's probes are all that some servers ever answer. */
export function sendStatus(reply: FastifyReply, status: 'ok' | 'ready'): string {
  reply.type('application/json; charset=utf-8')
  return `{"status":"${status}"}`
}
