import { notFound } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'

/** `GET /metrics`: the metrics of all processes behind this port. */
export const metrics = endpoint({
  about: null,
  responses: {},
  async handle({ metricsPage }, _request, reply) {
    if (!metricsPage) throw notFound()
    const { type, text } = await metricsPage()
    return reply.headers({ 'content-type': type, 'cache-control': 'no-store' }).send(text)
  },
})
