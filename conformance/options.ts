import { parseArgs } from 'node:util'
import type { Contract } from './promise.ts'

export interface Options {
  url: string
  only: Contract | null
  /** Whether Tessera's additions are left out. */
  originalsOnly: boolean
  guid: string | undefined
  serviceKey: string | undefined
  json: boolean
}

/** The options are invalid; the message is one sentence. */
export class BadUsage extends Error {
  override readonly name = 'BadUsage'
}

const CONTRACTS: readonly Contract[] = ['registration', 'jwt-api', 'token-pairs', 'sessions', 'account', 'oauth']
/** Former names, which are still accepted. */
const ALIASES: Record<string, Contract> = { authentication: 'jwt-api', pairs: 'token-pairs' }

export const HELP = `Checks a server against the three contracts, from outside.

  npm run conformance -- --url http://localhost:3000

  --url URL             the server (required)
  --only CONTRACT       registration, jwt-api, token-pairs, sessions, account or oauth
  --contracts-only      only what the contracts' original texts say, without Tessera's additions
  --guid GUID           a user to issue pairs to, if neither sign-up nor login returns a guid
  --service-key KEY     sent as bearer to POST /auth/token and /oauth/introspect
  --json                one JSON object instead of lines
  --help                these options

It signs up some thirty users and leaves most of them there: do not run it on a server whose users matter.
Exit code: 0 all promises kept, 1 a promise broken or none tried, 2 bad usage or no server at that address.
`

/** Reads the command line. @returns null if it asks for help. @throws {BadUsage} */
export function readOptions(args: string[]): Options | null {
  const values = parse(args)
  if (values.help) return null
  const { url, only, guid, json = false } = values
  if (url === undefined) throw new BadUsage('--url is missing; --help shows an example.')
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new BadUsage(`--url must be like http://localhost:3000, not "${url}".`)
  }
  const contract = CONTRACTS.find((candidate) => candidate === only) ?? ALIASES[only ?? ''] ?? null
  if (only !== undefined && contract === null) {
    throw new BadUsage(`--only must be registration, jwt-api, token-pairs, sessions, account or oauth, not "${only}".`)
  }
  const serviceKey = values['service-key']
  if (serviceKey !== undefined && !/^[\x21-\x7e]+$/.test(serviceKey)) {
    throw new BadUsage('--service-key must be visible ASCII characters, or no header can carry it.')
  }
  const originalsOnly = values['contracts-only'] || values['documents-only'] || false
  return { url, only: contract, originalsOnly, guid, serviceKey, json }
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        url: { type: 'string' },
        only: { type: 'string' },
        'contracts-only': { type: 'boolean' },
        'documents-only': { type: 'boolean' }, // the former name of --contracts-only
        guid: { type: 'string' },
        'service-key': { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    })
    return values
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split(/\. |\n/)
    throw new BadUsage(`${sentence.replace(/\.$/, '')}; --help shows an example.`)
  }
}
