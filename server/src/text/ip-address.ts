import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * The canonical form of an IP address, which is used everywhere: IPv4-mapped IPv6 as IPv4, IPv6 as in RFC 5952, without a
 * zone.
 *
 * @returns null for anything that is not an IP address
 */
export function canonicalIp(text: string): string | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text
  return parseIp(text)?.toString() ?? null
}

/** The network that stands for a client: an IPv4 address itself, or the /64 of an IPv6 address. */
export function clientNetwork(ip: string): string {
  return ipv6Network(ip, 64) ?? embeddedIpv4(ip) ?? ip
}

/** The larger networks around an IPv6 client, of which one site usually has one: its /56 and its /48. Empty for IPv4. */
export function surroundingNetworks(ip: string): { site56: string; site48: string } | null {
  const [site56, site48] = [ipv6Network(ip, 56), ipv6Network(ip, 48)]
  return site56 !== null && site48 !== null ? { site56, site48 } : null
}

const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/** The IPv4 address behind a NAT64 gateway (RFC 6052): one such /64 would be all of IPv4. */
function embeddedIpv4(ip: string): string | null {
  if (!ip.includes(':')) return null
  const address = parseIp(ip)
  if (address?.kind() !== 'ipv6' || !address.match(NAT64)) return null
  return ipaddr.fromByteArray(address.toByteArray().slice(12)).toString()
}

function ipv6Network(ip: string, bits: 64 | 56 | 48): string | null {
  if (!ip.includes(':')) return null
  const address = parseIp(ip)
  if (address?.kind() !== 'ipv6' || address.match(NAT64)) return null
  const prefix = address.toByteArray().fill(0, bits / 8)
  return `${ipaddr.fromByteArray(prefix).toString()}/${bits}`
}

/** A set of single addresses and CIDR ranges. */
export interface IpRanges {
  includes(ip: string): boolean
  /** Whether the ranges together cover all IPv4 addresses, or all IPv6 addresses. */
  includesEverything: boolean
  isEmpty: boolean
  /** The prefix of the widest range of each kind, in bits. */
  widestBits: { ipv4: number; ipv6: number }
}

/**
 * Parses addresses and CIDR ranges.
 *
 * @throws {Error} naming the entry that is neither
 */
export function parseIpRanges(entries: readonly string[]): IpRanges {
  const ranges = entries.map(parseRange)
  return {
    includes(ip) {
      const address = parseIp(ip)
      return (
        address !== null && ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))
      )
    },
    includesEverything: coverAll(ranges, 'ipv4') || coverAll(ranges, 'ipv6'),
    isEmpty: ranges.length === 0,
    widestBits: { ipv4: widestOf(ranges, 'ipv4', 32), ipv6: widestOf(ranges, 'ipv6', 128) },
  }
}

function widestOf(ranges: readonly [Address, number][], kind: 'ipv4' | 'ipv6', bits: number): number {
  return Math.min(bits, ...ranges.filter(([base]) => base.kind() === kind).map(([, prefix]) => prefix))
}

/** Whether a host name or address in a URL is this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/.test(hostname)
}

/** Looks for a gap from the lowest address up, so that halves and quarters together count as full coverage, too. */
function coverAll(ranges: readonly [Address, number][], kind: 'ipv4' | 'ipv6'): boolean {
  const size = kind === 'ipv4' ? 32n : 128n
  const intervals = ranges
    .filter(([base]) => base.kind() === kind)
    .map(([base, bits]) => {
      const span = 1n << (size - BigInt(bits))
      const start = (BigInt(`0x${Buffer.from(base.toByteArray()).toString('hex')}`) / span) * span
      return { start, end: start + span }
    })
    .sort((a, b) => (a.start < b.start ? -1 : 1))
  let covered = 0n
  for (const { start, end } of intervals) {
    if (start > covered) return false
    if (end > covered) covered = end
  }
  return covered === 1n << size
}

function parseRange(entry: string): [Address, number] {
  const [base = '', bits, ...rest] = entry.split('/')
  const address = parseIp(base)
  const size = address?.kind() === 'ipv4' ? 32 : 128
  const mapped = base.includes(':') && size === 32 ? 96 : 0
  const length = bits === undefined ? size : /^\d{1,3}$/.test(bits) ? Number(bits) - mapped : -1
  if (!address || rest.length > 0 || length < 0 || length > size) {
    throw new Error(`"${entry}" is neither an IP address nor a CIDR range`)
  }
  return [address, length]
}

function parseIp(text: string): Address | null {
  // The library also accepts forms such as "0x7f.1" and "127.1", which other parsers read differently or reject.
  const plain = text.replace(/%.*$/, '')
  if (!plain.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(plain)) return null
  return ipaddr.isValid(plain) ? ipaddr.process(plain) : null
}
