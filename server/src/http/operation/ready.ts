import { Type } from 'typebox'
import { endpoint } from '../endpoint/endpoint.ts'
import { probe } from './readiness-probe.ts'

/** `GET /ready`: the database answers too. It is asked once a second at most, however many ask. */
export const ready = endpoint({
  about: {
    operationId: 'ready',
    tag: 'Operation',
    summary: 'The database serves, too',
    done: 'Ready',
    examples: { answer: { status: 'ready' } },
  },
  responses: { 200: Type.Object({ status: Type.Literal('ready') }) },
  async handle(ctx) {
    await probe(ctx).answered
    return { status: 'ready' }
  },
})
