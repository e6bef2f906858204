import type { Settings } from '../actors/world.ts'
import type { Call } from '../history.ts'
import { wasKept } from './kept-tokens.ts'
import { isRefresh, usesUp } from './session-calls.ts'

// A key that used up the token before is not honoured: a thief has a copy of a constant key. Clients do not see which of
// several attempts used a token up, so a key may have been ignored, or it certainly was.

/** Whether the server may have ignored the key of a call, because an attempt on the token before had it, too. */
export function mayBeIgnored(call: Call, own: readonly Call[], settings: Settings): boolean {
  return call.key !== null && usesOfPrevious(call, own, settings).some(({ key }) => key === call.key)
}

/** Whether the server must ignore the key of a call, because every attempt on the token before had it. */
export function mustBeIgnored(call: Call, own: readonly Call[], settings: Settings): boolean {
  const uses = usesOfPrevious(call, own, settings)
  return call.key !== null && uses.length > 0 && uses.every(({ key }) => key === call.key)
}

/** Finds the calls that may have used up the token before. The first of an adaptive session is used up by none. */
function usesOfPrevious(call: Call, own: readonly Call[], { keptMilliseconds }: Settings): Call[] {
  const previous = (call.presented?.generation ?? 0) - 1
  return own.filter(
    (other) =>
      isRefresh(other) &&
      other.presented?.generation === previous &&
      other.outcome !== 'refused' &&
      usesUp(other) &&
      !wasKept(other, own, keptMilliseconds),
  )
}
