// Measures the verify package in this process, as a part of `npm run bench`: tokens seen before, and new ones.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { median } from '../harness/statistics.ts'
import { createVerifier, type Verifier } from '../verify/src/create-verifier.ts'

const SECRET = 'a secret of sixty-four bytes, as production demands of operators.'
const KNOWN_TOKENS = 1000
const NEW_TOKENS = 4000
const CONCURRENCY = 32

interface Rates {
  perSecond: number
  /** Processor time of all threads: its inverse is the rate of one core. */
  microseconds: number
}

/** Verifies tokens until the time is over or each was verified once. Header fields are new texts in each request: so are these. */
async function measure(verifier: Verifier, tokens: readonly string[], seconds: number | null): Promise<Rates> {
  const texts = Buffer.from(tokens.join('\n'), 'latin1')
  const width = (tokens[0] ?? '').length + 1
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
  const endAt = startedAt + (seconds ?? Number.POSITIVE_INFINITY) * 1000
  let count = 0
  const work = async () => {
    while (seconds === null ? count < tokens.length : performance.now() < endAt) {
      const at = (count++ % tokens.length) * width
      await verifier.verify(texts.toString('latin1', at, at + width - 1))
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, work))
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (count * 1000) / (performance.now() - startedAt), microseconds: (user + system) / count }
}

/** Starts an issuer that has ended a thousand sessions, and signs tokens of one length. */
async function startIssuer(algorithm: string) {
  const { privateKey, publicKey } =
    algorithm === 'HS256'
      ? { privateKey: new TextEncoder().encode(SECRET), publicKey: null }
      : await generateKeyPair(algorithm)
  const sign = () =>
    new SignJWT({ sid: randomUUID(), role: 'user', jti: randomUUID() })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: 'k' })
      .setSubject(randomUUID())
      .setIssuedAt()
      .setExpirationTime('15m')
      .sign(privateKey)
  const jwks = { keys: publicKey ? [{ ...(await exportJWK(publicKey)), kid: 'k', alg: algorithm }] : [] }
  const server = createServer((_request, response) => response.end(JSON.stringify(jwks))).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const keys = publicKey ? { jwksUrl: `${address}/.well-known/jwks.json` } : { secret: SECRET }
  const list = { url: `${address}/revocations`, mode: 'onDemand' } as const
  return { sign, verifier: () => createVerifier({ ...keys, revocations: list }), close: () => server.close() }
}

/** Prints the rates for each algorithm, with the list of endings looked at for every token. */
export async function measureVerify(options: {
  rounds: number
  seconds: number
  print: (line: string) => void
}): Promise<void> {
  const { rounds, seconds, print } = options
  print('\n| tessera-verify | seen before, /s | µs of a core | new, /s | µs of a core |')
  print('|---|---|---|---|---|')
  for (const algorithm of ['HS256', 'ES256', 'EdDSA', 'RS256']) {
    const issuer = await startIssuer(algorithm)
    const tokens = (count: number) => Promise.all(Array.from({ length: count }, issuer.sign))
    const known = await tokens(KNOWN_TOKENS)
    const verifier = issuer.verifier()
    await measure(verifier, known, null)
    const [seen, fresh]: [Rates[], Rates[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      seen.push(await measure(verifier, known, seconds))
      fresh.push(await measure(issuer.verifier(), await tokens(NEW_TOKENS), null))
    }
    const cells = [seen, fresh].map((all) => {
      const microseconds = median(all.map((rates) => rates.microseconds)).toFixed(1)
      return `${Math.round(median(all.map(({ perSecond }) => perSecond)))} | ${microseconds}`
    })
    print(`| ${algorithm} | ${cells.join(' | ')} |`)
    verifier.close()
    issuer.close()
  }
}
