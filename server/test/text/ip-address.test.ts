import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalIp, clientNetwork, parseIpRanges } from '../../src/text/ip-address.ts'

test('an address has one canonical form', () => {
  const forms: [string, string | null][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['0x7f.1', null],
    ['127.1', null],
    ['0177.0.0.1', null],
    ['2130706433', null],
    ['192.0.2.256', null],
    ['localhost', null],
    ['', null],
    [' 192.0.2.1', null],
  ]
  for (const [text, expected] of forms) assert.equal(canonicalIp(text), expected, text)
})

test('a network is an IPv4 address or the /64 of an IPv6 address', () => {
  assert.equal(clientNetwork('192.0.2.1'), '192.0.2.1')
  assert.equal(clientNetwork('2001:db8:1:2:3:4:5:6'), clientNetwork('2001:db8:1:2::'))
  assert.notEqual(clientNetwork('2001:db8:1:2::1'), clientNetwork('2001:db8:1:3::1'))
})

test('ranges are addresses and CIDRs, including IPv4-mapped ones', () => {
  const ranges = parseIpRanges(['192.0.2.0/24', '::1', '::ffff:198.51.100.0/120', '2001:db8::/32'])
  for (const inside of ['192.0.2.255', '::1', '198.51.100.7', '::ffff:192.0.2.9', '2001:db8:ffff::']) {
    assert.ok(ranges.includes(inside), inside)
  }
  for (const outside of ['192.0.3.0', '::2', '198.51.101.7', '2001:db9::', 'x'])
    assert.ok(!ranges.includes(outside), outside)
  assert.equal(ranges.includesEverything, false)
  for (const all of ['0.0.0.0/0', '::/0', '::ffff:0.0.0.0/96']) assert.ok(parseIpRanges([all]).includesEverything, all)
  for (const wrong of [
    '192.0.2.0/33',
    '192.0.2.0/x',
    '192.0.2.0/-1',
    '192.0.2.0/24/8',
    '/8',
    'x',
    '::ffff:1.2.3.4/24',
  ]) {
    assert.throws(() => parseIpRanges([wrong]), /neither an IP address nor a CIDR range/, wrong)
  }
})

test('ranges that cover everything are recognised, even as several parts', () => {
  const all = (...entries: string[]) => parseIpRanges(entries).includesEverything
  assert.ok(all('0.0.0.0/0') && all('::/0') && all('10.0.0.0/8', '::/0'))
  assert.ok(
    all('128.0.0.0/1', '0.0.0.0/1') && all('::/1', '8000::/1') && all('192.0.0.0/2', '0.0.0.0/1', '128.0.0.0/2'),
  )
  assert.ok(all('77.1.2.3/0'), 'a /0 with any base address')
  assert.ok(!all() && !all('0.0.0.0/1') && !all('0.0.0.0/1', '128.0.0.0/2') && !all('::/1', '0.0.0.0/1', '128.0.0.0/2'))
})
