import type { AuditDetails } from '../../storage/notice/audit-events.ts'
import { type ChainRow, findToken } from '../../storage/session/refresh-tokens.ts'

/**
 * The facts that tell a theft from a mishap, as far as the rows still have them: when and from where the presented token
 * had been used, and when and from where the newest one was made. The event itself has the address and device that
 * presented it.
 */
export function describeReuse(chain: ChainRow, generation: number, hadKey: boolean): AuditDetails {
  const newest = chain.tokens.reduce<ChainRow['tokens'][number] | null>(
    (last, token) => (last === null || token.generation > last.generation ? token : last),
    null,
  )
  const usedAt = findToken(chain, generation)?.used_at ?? null
  // Its successor was made for the client that used it.
  const usedFrom = usedAt && (findToken(chain, generation + 1)?.token_ip ?? null)
  return {
    had_key: hadKey ? 'yes' : 'no',
    used_at: usedAt?.toISOString() ?? null,
    used_ip: usedFrom,
    newest_generation: newest?.generation ?? null,
    newest_at: newest?.token_created_at.toISOString() ?? null,
    newest_ip: newest?.token_ip ?? null,
  }
}
