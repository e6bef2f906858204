import type { Refusal } from './refusal.ts'

/** Makes the answer of a server that speaks Web standards. */
export function toResponse({ status, headers, body }: Refusal): Response {
  return Response.json(body, { status, headers })
}
