import { Type } from 'typebox'
import { endpoint } from '../endpoint/endpoint.ts'

/** `GET /health`: the process serves. Touches nothing. */
export const health = endpoint({
  about: {
    operationId: 'health',
    tag: 'Operation',
    summary: 'The process serves',
    done: 'It serves',
    examples: { answer: { status: 'ok' } },
  },
  responses: { 200: Type.Object({ status: Type.Literal('ok') }) },
  handle: async () => ({ status: 'ok' }),
})
