import { inMaintenance, stopping } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'
import { probe } from './readiness-probe.ts'
import { sendStatus } from './send-status.ts'

/** `GET /ready`: the database can be read and written, too. It is queried at most once a second. */
export const ready = endpoint({
  about: {
    operationId: 'ready',
    tag: 'Operation',
    summary: 'Check that the database can be written, too',
    success: 'The process is up, and the database can be written',
    examples: { answer: { status: 'ready' } },
  },
  responses: { 200: Type.Object({ status: Type.Literal('ready') }) },
  async handle(ctx, _request, reply) {
    if (ctx.isStopping()) throw stopping()
    if (ctx.maintenance() !== null) throw inMaintenance()
    await probe(ctx).answered
    return sendStatus(reply, 'ready')
  },
})
