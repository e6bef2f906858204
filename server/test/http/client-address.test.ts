import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { identifyConnection } from '../../src/http/server/client-address.ts'
import { canonicalIp, parseIpRanges } from '../../src/text/ip-address.ts'
import { assertProperty } from '../support/requests/seeded.ts'

const trusted = parseIpRanges(['10.0.0.0/8', '2001:db8::/32', '::1'])
const isTrusted = (ip: string | null) =>
  ip !== null && (ip.startsWith('10.') || ip.startsWith('2001:db8:') || ip === '::1')

/** One entry of `X-Forwarded-For` and the address it contains, null if it is not an address. */
interface Hop {
  text: string
  ip: string | null
}

const ipv4 = fc
  .tuple(fc.constantFrom(10, 10, 10, 192, 203), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((octets) => octets.join('.'))
const ipv4Hop = fc
  .tuple(ipv4, fc.nat(65_535), fc.nat(6))
  .map(([ip, port, form]): Hop => ({ ip, text: writeIpv4Forms(ip, port)[form] ?? ip }))

function writeIpv4Forms(ip: string, port: number): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number)
  const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  return [`${ip}:${port}`, `::ffff:${ip}`, `[::FFFF:${ip}]:${port}`, `::ffff:${hex}`, `0:0:0:0:0:ffff:${hex}`]
}

/** Parses IPv6 independently of the server: with the URL parser of Node.js, which writes the form of RFC 5952. */
function readIpv6(text: string): string {
  const ip = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(ip) ?? []
  if (high === undefined || low === undefined) return ip
  return [high, low].flatMap((pair) => [Number.parseInt(pair, 16) >> 8, Number.parseInt(pair, 16) & 255]).join('.')
}

const group = fc.oneof(
  fc.constantFrom('0', '0'),
  fc.nat(0xffff).map((value) => value.toString(16)),
)
const groups = fc.array(group, { minLength: 6, maxLength: 6 })
const ipv6 = fc
  .tuple(fc.constantFrom('2001:db8', '2001:DB8', '2001:db9', '2a00:1'), groups, fc.constantFrom('::1', '::', null))
  .map(([start, rest, short]) => (short && rest[0] === '0' ? short : `${start}:${rest.join(':')}`))
const ipv6Hop = fc.tuple(ipv6, fc.nat(65_535), fc.nat(4)).map(
  ([text, port, form]): Hop => ({
    ip: readIpv6(text),
    text: [`[${text}]`, `[${text}]:${port}`, `${text}%eth0`, text.toUpperCase()][form] ?? text,
  }),
)
const NOTHING = [
  '',
  'unknown',
  '_hidden',
  '127.1',
  '0x7f.0.0.1',
  '010.0.0.01',
  '10.0.0.256',
  '10.0.0.1.1',
  '2130706433',
  '10.0.0.1:',
  '[::1',
  '::1]',
  '1:2',
  '10.0.0.1 10.0.0.2',
  'for=10.0.0.1',
  '"10.0.0.1"',
  'ö',
  '%',
  '::1::',
]
const nothing = fc.oneof(fc.constantFrom(...NOTHING), fc.string({ unit: fc.constantFrom('x', 'ü', '\0', '"') }))
const spaced = (hop: fc.Arbitrary<Hop>) =>
  fc.tuple(fc.constantFrom('', ' ', '\t'), hop).map(([gap, { text, ip }]): Hop => ({ text: gap + text + gap, ip }))
const address = fc.oneof(ipv4Hop, ipv6Hop)
const hop = spaced(
  fc.oneof(
    { weight: 9, arbitrary: address },
    { weight: 1, arbitrary: nothing.map((text): Hop => ({ text, ip: null })) },
  ),
)
const protocol: fc.Arbitrary<string> = fc.constantFrom('https', 'http', ' HTTPS ', 'wss', '', 'https;', 'httpſ')
const request = fc.record({
  peer: fc.oneof(ipv4, ipv6.map(readIpv6), fc.constantFrom('10.0.0.1', '::1')),
  hops: fc.option(fc.array(hop, { minLength: 1, maxLength: 5 })),
  protocols: fc.option(fc.array(protocol, { minLength: 1, maxLength: 5 })),
  encrypted: fc.boolean(),
})
type Drawn = typeof request extends fc.Arbitrary<infer Case> ? Case : never

function read({ peer, hops, protocols, encrypted }: Drawn) {
  const headers = {
    ...(hops && { 'x-forwarded-for': hops.map(({ text }) => text).join(',') }),
    ...(protocols && { 'x-forwarded-proto': protocols.join(',') }),
  }
  const socket = { remoteAddress: peer.includes(':') ? peer : `::ffff:${peer}`, encrypted }
  const { client, isSecure } = identifyConnection({ headers, socket } as unknown as IncomingMessage, trusted)
  assert.equal(canonicalIp(client.ip), client.ip, 'in canonical form')
  return { ip: client.ip, isSecure }
}

/** Derives the same from the whole chain: the client is in front of the unbroken row of trusted proxies that ends in the peer. */
function expected({ peer, hops, protocols, encrypted }: Drawn) {
  const isEmpty = hops === null || (hops.length === 1 && hops[0]?.text === '')
  const chain = [...(isEmpty ? [] : hops.map(({ ip }) => ip)), peer]
  const client = chain.findLastIndex((ip) => !isTrusted(ip))
  const ip = client === -1 ? chain[0] : chain[client]
  const proxies = chain.length - 1 - client
  if (proxies === 0) return { ip: peer, isSecure: encrypted }
  const isSecure = (protocols ?? [''])
    .join(',')
    .split(',')
    .every((said) => said.trim().toLowerCase() === 'https')
  return { ip: ip ?? '0.0.0.0', isSecure }
}

test('the client address comes from the unbroken row of trusted proxies, and the protocol from the proxy nearest to the client', () => {
  assertProperty(request, (drawn) => assert.deepEqual(read(drawn), expected(drawn)))
})

test('forwarding headers of a peer that is not a trusted proxy are ignored', () => {
  const header = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('10.0.0.1', '::1', 'https', ',,,'))
  const peers = fc.constantFrom('192.0.2.1', '2a00::1', '11.0.0.1')
  assertProperty(fc.tuple(peers, header, header, fc.boolean()), ([peer, forwarded, proto, encrypted]) => {
    const headers = { 'x-forwarded-for': forwarded, 'x-forwarded-proto': proto }
    const socket = { remoteAddress: peer, encrypted }
    const { client, isSecure } = identifyConnection({ headers, socket } as unknown as IncomingMessage, trusted)
    assert.deepEqual([client.ip, isSecure], [peer, encrypted])
    // Any header of a trusted proxy is parsed without an error, and to an address.
    const behind = identifyConnection(
      { headers, socket: { remoteAddress: '10.0.0.1' } } as unknown as IncomingMessage,
      trusted,
    )
    assert.equal(canonicalIp(behind.client.ip), behind.client.ip)
  })
})

test('entries left of the first address that is not a trusted proxy are ignored', () => {
  const stranger = address.filter(({ ip }) => !isTrusted(ip))
  const proxies = fc.array(
    address.filter(({ ip }) => isTrusted(ip)),
    { maxLength: 3 },
  )
  const claims = fc.array(hop, { minLength: 1, maxLength: 4 })
  assertProperty(fc.tuple(claims, stranger, proxies, protocol), ([claimed, client, seen, reported]) => {
    const identify = (hops: Hop[], protocols: string[]) => read({ peer: '10.0.0.1', hops, protocols, encrypted: false })
    // Each proxy in the row wrote one protocol; more to the left are claims, which can only take away.
    const protocols = [reported, ...seen.map(() => 'http')]
    const alone = identify([client, ...seen], protocols)
    assert.equal(alone.ip, client.ip)
    assert.deepEqual(identify([...claimed, client, ...seen], ['https', ...protocols]), alone)
    assert.deepEqual(identify([...claimed, client, ...seen], ['http', ...protocols]), { ...alone, isSecure: false })
  })
})
