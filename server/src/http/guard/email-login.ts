import { notFound } from '../contract/refusal.ts'
import type { Guard } from '../endpoint/guard.ts'

/** Allows logins with a code by mail, unless `EMAIL_LOGIN` is off: then the path is unknown. */
export const emailLogin: Guard = {
  async check({ edge }) {
    if (!edge.emailLogin) throw notFound()
  },
  hidesPath: true,
  scheme: () => null,
  refusals: ({ emailLogin: isOn }) => (isOn ? [] : [notFound()]),
}
