import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { sendStatus } from './send-status.ts'

/** `GET /health`: the process is up. It checks nothing else. */
export const health = endpoint({
  about: {
    operationId: 'health',
    tag: 'Operation',
    summary: 'Check that the process is up',
    success: 'The process is up',
    examples: { answer: { status: 'ok' } },
  },
  responses: { 200: Type.Object({ status: Type.Literal('ok') }) },
  handle: async (_ctx, _request, reply) => sendStatus(reply, 'ok'),
})
