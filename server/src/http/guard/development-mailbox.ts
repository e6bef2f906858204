import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'
import type { EdgeSettings } from '../endpoint/http-context.ts'

/** Whether mails are shown in the browser: in development, while no mail server would deliver them. */
export function hasMailbox({ production, smtpUrl }: EdgeSettings): boolean {
  return !production && smtpUrl === null
}

/** Lets nobody but the demonstration's own addresses see mails, and tells others nothing. */
export const developmentMailbox: Guard = {
  async check({ edge }, request) {
    if (!hasMailbox(edge) || !edge.demoFrom.includes(request.client.ip)) throw notFound()
  },
  scheme: () => null,
  refusals: () => [],
}
