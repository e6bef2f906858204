import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readIsoTime } from '../../src/text/iso-time.ts'
import { singleLine } from '../../src/text/safe-text.ts'
import { assertProperty } from '../support/requests/seeded.ts'

const two = (value: number) => String(value).padStart(2, '0')
const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const daysInMonth = (year: number, month: number) =>
  [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0

/** Counts the days from 1970 to a year without a date library. */
function daysBeforeYear(year: number): number {
  let days = 0
  for (let at = 1970; at < year; at++) days += isLeap(at) ? 366 : 365
  for (let at = year; at < 1970; at++) days -= isLeap(at) ? 366 : 365
  return days
}

const moment = (years: fc.Arbitrary<number>, days: fc.Arbitrary<number>) =>
  fc.record({
    year: years,
    month: fc.integer({ min: 1, max: 12 }),
    day: days,
    hour: fc.nat(23),
    minute: fc.nat(59),
    second: fc.nat(59),
    milliseconds: fc.nat(999),
    offset: fc.option(fc.integer({ min: -(23 * 60 + 59), max: 23 * 60 + 59 })),
    colon: fc.constantFrom(':', ''),
    separator: fc.constantFrom('T', ' '),
  })
type Moment = ReturnType<typeof moment> extends fc.Arbitrary<infer Case> ? Case : never

function written(at: Moment): string {
  const away = Math.abs(at.offset ?? 0)
  const zone =
    at.offset === null ? '' : `${at.offset < 0 ? '-' : '+'}${two(Math.trunc(away / 60))}${at.colon}${two(away % 60)}`
  const date = `${String(at.year).padStart(4, '0')}-${two(at.month)}-${two(at.day)}`
  const time = `${two(at.hour)}:${two(at.minute)}:${two(at.second)}.${String(at.milliseconds).padStart(3, '0')}`
  return `${date}${at.separator}${time}${zone}`
}

function assertRead(at: Moment): void {
  const isDay = at.day >= 1 && at.day <= daysInMonth(at.year, at.month)
  let days = daysBeforeYear(at.year) + at.day - 1
  for (let month = 1; month < at.month; month++) days += daysInMonth(at.year, month)
  const minutes = (days * 24 + at.hour) * 60 + at.minute - (at.offset ?? 0)
  const expected = (minutes * 60 + at.second) * 1000 + at.milliseconds
  assert.equal(readIsoTime(written(at))?.getTime() ?? null, isDay ? expected : null, written(at))
}

test('a time is read to the millisecond in its zone, and anything else is null and never an invalid date', () => {
  assertProperty(moment(fc.integer({ min: 1902, max: 9998 }), fc.integer({ min: 1, max: 28 })), assertRead)
  const any = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'0123456789-:TZ +.') }))
  const wrong = fc.tuple(moment(fc.nat(9999), fc.nat(99)), any, fc.nat(40)).map(([at, text, start]) => {
    const before = written(at)
    return before.slice(0, start) + text + before.slice(start + text.length)
  })
  assertProperty(fc.oneof(any, wrong), (text) => {
    const read = readIsoTime(text)
    assert.ok(read === null || Number.isFinite(read.getTime()), text)
  })
})

test('a time on a day that does not exist is refused', () => {
  assertProperty(moment(fc.integer({ min: 1902, max: 9998 }), fc.nat(32)), assertRead)
})

test('a time before 1901 is accepted', () => {
  assertProperty(moment(fc.integer({ min: 2, max: 9998 }), fc.integer({ min: 1, max: 28 })), assertRead)
})

const hostPiece = fc.constantFrom('evil', 'com', 'Ünï', '例え', 'x', '7', '-', 'xn--p1ai')
const between = fc.constantFrom(
  '.',
  '.',
  '.',
  '..',
  '://',
  '@',
  '/',
  ' ',
  '\u200b',
  '\u00ad',
  '\n',
  '\u202e',
  '\x1b[31m',
  '\ud800',
)
const linkable = fc.array(fc.oneof(hostPiece, between), { maxLength: 14 }).map((pieces) => pieces.join(''))
const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const anyLimit = fc.integer({ min: 1, max: 60 })

test('untrusted text becomes one line of limited length without control characters', () => {
  assertProperty(fc.tuple(fc.oneof(anyText, linkable), anyLimit), ([text, limit]) => {
    const output = singleLine(text, limit)
    assert.ok([...output].length <= limit)
    assert.ok(output.isWellFormed())
    assert.doesNotMatch(output, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|[^\S ]| {2}/u)
    const words = text.replaceAll(/[^\x21-\x7e]/g, '')
    assert.equal(singleLine(words, 60), words, 'plain words are unchanged')
  })
})
