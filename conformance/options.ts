import { parseArgs } from 'node:util'
import type { Contract } from './promise.ts'

export interface Options {
  url: string
  only: Contract | null
  documentsOnly: boolean
  guid: string | undefined
  serviceKey: string | undefined
  json: boolean
}

/** The command cannot be understood; the message is one sentence. */
export class BadUsage extends Error {
  override readonly name = 'BadUsage'
}

const CONTRACTS: readonly Contract[] = ['registration', 'authentication', 'pairs']

export const HELP = `Tries the three contracts against a server, black-box.

  npm run conformance -- --url http://localhost:3000

  --url URL             the server (required)
  --only CONTRACT       registration, authentication or pairs
  --documents-only      only what stands in the three documents themselves
  --guid GUID           a user that pairs can be issued to, when sign-up answers no guid
  --service-key KEY     sent as bearer to POST /auth/token
  --json                one JSON document instead of lines
  --help                this

It signs up some thirty people and leaves most of them there: do not point it at users you care for.
Exit code: 0 all kept, 1 something broken or nothing tried, 2 bad usage or no server there.
`

/** @returns null when help was asked for. @throws {BadUsage} */
export function readOptions(args: string[]): Options | null {
  const values = parse(args)
  if (values.help) return null
  const { url, only, guid, json = false } = values
  if (url === undefined) throw new BadUsage('--url is missing; --help shows an example.')
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new BadUsage(`--url must be like http://localhost:3000, not "${url}".`)
  }
  const contract = CONTRACTS.find((candidate) => candidate === only) ?? null
  if (only !== undefined && contract === null) {
    throw new BadUsage(`--only must be registration, authentication or pairs, not "${only}".`)
  }
  const serviceKey = values['service-key']
  if (serviceKey !== undefined && !/^[\x21-\x7e]+$/.test(serviceKey)) {
    throw new BadUsage('--service-key must be visible ASCII characters, or no header can carry it.')
  }
  return { url, only: contract, documentsOnly: values['documents-only'] ?? false, guid, serviceKey, json }
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        url: { type: 'string' },
        only: { type: 'string' },
        'documents-only': { type: 'boolean' },
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
