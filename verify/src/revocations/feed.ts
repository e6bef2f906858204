import { boundedText } from '../remote/bounded-text.ts'
import type { RevocationSettings } from '../settings/read-revocations.ts'
import type { Signatures } from '../token/signature.ts'
import { type FeedBody, readFeedBody } from './feed-body.ts'

const MAX_BYTES = 4_194_304
const TIMEOUT_MILLISECONDS = 10_000

interface FeedOptions {
  settings: RevocationSettings
  fetch: typeof fetch
  /** Null: the list is believed as it stands, which the address alone vouches for. */
  signatures: Signatures | null
  /** Whether a key may sign the list no more. */
  hasRetired: (kid: string | undefined) => boolean
}

interface Question {
  cursor: string | null
  /** The issuer may hold the question until there is news, for so long. */
  waitSeconds: number
  signal: AbortSignal
}

/** Asks for the endings after a cursor, or for all of them. */
export type Feed = (question: Question) => Promise<FeedBody>

export function createFeed({ settings, fetch, signatures, hasRetired }: FeedOptions): Feed {
  const { url, serviceKey } = settings

  async function read(text: string): Promise<unknown> {
    if (!signatures) return JSON.parse(text)
    const { payload, kid } = await signatures.verify(text.trim(), ['revocations+jwt'])
    if (hasRetired(kid)) throw new Error('The list of endings is signed by a retired key')
    return payload
  }

  return async ({ cursor, waitSeconds, signal }) => {
    const address = new URL(url)
    if (cursor !== null) address.searchParams.set('after', cursor)
    if (waitSeconds > 0) address.searchParams.set('wait', String(waitSeconds))
    const timeout = AbortSignal.timeout(waitSeconds * 1000 + TIMEOUT_MILLISECONDS)
    const response = await fetch(address.href, {
      headers: serviceKey === null ? {} : { authorization: `Bearer ${serviceKey}` },
      redirect: 'manual', // another host would get the service key
      signal: AbortSignal.any([signal, timeout]),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`The issuer answered ${response.status} for the list of endings`)
    }
    return readFeedBody(await read(await boundedText(response, MAX_BYTES)))
  }
}
