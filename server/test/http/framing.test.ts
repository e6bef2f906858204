import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createServer } from '../../src/http/server/server.ts'
import { startServer } from '../support/server.ts'

const server = await startServer()
const HOST = `Host: ${new URL(server.url).host}\r\n`
const JSON_TYPE = 'Content-Type: application/json\r\n'
const POST = `POST /api/v1/auth/login HTTP/1.1\r\n${HOST}${JSON_TYPE}`
const SMUGGLED = `GET /health HTTP/1.1\r\n${HOST}\r\n`
/** A request that is answered only after everything before it was read completely. */
const LAST = `GET /nope HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`

/** Sends bytes and collects everything until the server closes the connection. */
function exchange(bytes: string, { isHalfClosed = false } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      if (isHalfClosed) socket.end(bytes, 'latin1')
      else socket.write(bytes, 'latin1')
    })
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk
    })
    // A reset connection counts as closed.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
  })
}

function parseStatuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

function parseHeaders(received: string): Map<string, string> {
  const [, ...lines] = (received.split('\r\n\r\n', 1)[0] ?? '').split('\r\n')
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  )
}

/** Asserts that the server sends at most one 4xx answer and closes the connection. */
async function assertRefused(bytes: string, why: string, how = { isHalfClosed: false }): Promise<void> {
  const received = await exchange(bytes, how)
  const statuses = parseStatuses(received)
  assert.ok(statuses.length <= 1, `${why}: ${statuses.length} answers\n${received}`)
  for (const status of statuses) assert.ok(status >= 400 && status < 500, `${why}: ${received}`)
}

test('a request whose length is ambiguous is refused, and a request smuggled in it is never answered', async () => {
  const chunked = 'Transfer-Encoding: chunked\r\n'
  const lengths = (...all: string[]) => all.map((length) => `Content-Length: ${length}\r\n`).join('')
  const cases: [why: string, bytes: string][] = [
    ['a length and chunks', `${POST}${lengths('5')}${chunked}\r\n0\r\n\r\n${SMUGGLED}`],
    ['chunks and a length', `${POST}${chunked}${lengths('4')}\r\n0\r\n\r\n${SMUGGLED}`],
    ['two lengths', `${POST}${lengths('2', '40')}\r\n{}${SMUGGLED}`],
    ['the same length twice', `${POST}${lengths('2', '2')}\r\n{}${SMUGGLED}`],
    ['a list of lengths', `${POST}${lengths('2, 2')}\r\n{}${SMUGGLED}`],
    ...['-1', '+2', '0x2', '2 0', '1e1', '', '9'.repeat(40)].map((length): [string, string] => [
      `the length ${length}`,
      `${POST}${lengths(length)}\r\n{}${SMUGGLED}`,
    ]),
    ['chunks twice', `${POST}${chunked}${chunked}\r\n0\r\n\r\n${SMUGGLED}`],
    ...['chunked, identity', 'identity', 'xchunked', 'chunked;q=1', '"chunked"', 'gzip'].map(
      (coding): [string, string] => [
        `the coding ${coding}`,
        `${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      ],
    ),
    ['space before a colon', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a tab before a colon', `${POST}Content-Length\t: 2\r\n\r\n{}${SMUGGLED}`],
    ['a folded header', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    ['a folded header of any name', `${POST}X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}${SMUGGLED}`],
    ['a space before the first header', `POST /api/v1/auth/login HTTP/1.1\r\n ${HOST}\r\n`],
    ['a NUL in a header', `${POST}X: a\0b\r\n\r\n`],
    ['a lone CR in a header', `${POST}X: a\rContent-Length: 2\r\n\r\n{}`],
    ['a header without a name', `${POST}: x\r\n\r\n`],
  ]
  for (const [why, bytes] of cases) await assertRefused(bytes, why)
})

test('a request is refused unless each chunk has the size it declares in plain hexadecimal', async () => {
  const chunks = (body: string) => `${POST}Transfer-Encoding: chunked\r\n\r\n${body}`
  const cases = [
    'x\r\n',
    '-2\r\n{}\r\n',
    '0x2\r\n{}\r\n',
    ' 2\r\n{}\r\n',
    '2 \r\n{}\r\n',
    '\r\n{}\r\n',
    `${'f'.repeat(17)}\r\n{}\r\n`,
  ]
  for (const body of [
    ...cases,
    '2\n{}\n0\n\n',
    '2\r\n{}0\r\n\r\n',
    '1\r\n{}\r\n',
    '3\r\n{}\r\n',
    `2;${'x'.repeat(20_000)}\r\n{}\r\n`,
  ]) {
    await assertRefused(chunks(`${body}0\r\n\r\n${SMUGGLED}`), JSON.stringify(body.slice(0, 20)))
  }
  // Chunk extensions and trailers change nothing.
  const received = await exchange(chunks('1;a=b\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: y\r\n\r\n') + LAST)
  assert.deepEqual(parseStatuses(received), [422, 404])
})

test('a request with a line that does not end in CR LF is refused', async () => {
  await assertRefused(`GET /health HTTP/1.1\n${HOST.trim()}\n\n`, 'everywhere')
  await assertRefused(`GET /health HTTP/1.1\r\n${HOST}X: a\nY: b\r\n\r\n`, 'in a header')
  await assertRefused(`GET /health HTTP/1.1\r\n${HOST}\n${SMUGGLED}`, 'at the end of the head')
})

test('the content of a body is never taken for a request, whether the body is read, refused or too large', async () => {
  const carrying = (head: string, body: string) => `${head}Content-Length: ${body.length}\r\n\r\n${body}`
  const get = `GET /api/v1/auth/me HTTP/1.1\r\n${HOST}`
  const cases: [bytes: string, status: number][] = [
    [carrying(POST, SMUGGLED), 400],
    [carrying(POST, JSON.stringify({ email: SMUGGLED, password: SMUGGLED })), 401],
    [carrying(POST.replace('/login', '/nope'), JSON.stringify(SMUGGLED)), 404],
    [carrying(POST.replace(JSON_TYPE, 'Content-Type: text/plain\r\n'), SMUGGLED.repeat(10)), 415],
    [carrying(POST, SMUGGLED.repeat(2000)), 413],
    [carrying(POST.replace('POST', 'PUT'), SMUGGLED), 405],
    [carrying(get, SMUGGLED), 401],
    [carrying(get.replace('GET', 'DELETE').replace('auth/me', 'users/1'), SMUGGLED), 401],
  ]
  for (const [bytes, status] of cases) {
    const [first, ...more] = parseStatuses(await exchange(bytes + LAST))
    assert.equal(first, status, bytes.slice(0, 200))
    // After a refused body the connection may be closed.
    assert.ok(['', '404'].includes(String(more)), `${more} after ${bytes.slice(0, 200)}`)
  }
})

test('pipelined requests are answered in order, and none after input that is not a request', async () => {
  assert.deepEqual(
    parseStatuses(await exchange(SMUGGLED + LAST.replace('Connection: close', 'X: y') + SMUGGLED + LAST)),
    [200, 404, 200, 404],
  )
  // The refusal may overtake the answer before it, but it is the last answer in any case.
  const statuses = parseStatuses(await exchange(`${SMUGGLED}nonsense\r\n\r\n${SMUGGLED}`))
  assert.ok(
    [[400], [200, 400]].some((expected) => String(expected) === String(statuses)),
    String(statuses),
  )
})

test('an HTTP/1.1 request without a Host header is refused', async () => {
  await assertRefused('GET /health HTTP/1.1\r\n\r\n', 'none')
})

test('an HTTP/1.1 request with a second Host header is refused (RFC 9112, 3.2)', async () => {
  await assertRefused(`GET /health HTTP/1.1\r\n${HOST}Host: other.example\r\nConnection: close\r\n\r\n`, 'two')
})

test('TRACE, CONNECT and unknown methods are refused', async () => {
  const traced = await exchange(
    `TRACE /api/v1/auth/me HTTP/1.1\r\n${HOST}Connection: close\r\nCookie: secret=CANARY\r\n\r\n`,
  )
  assert.deepEqual(parseStatuses(traced), [405])
  assert.equal(parseHeaders(traced).get('allow'), 'GET, HEAD')
  assert.doesNotMatch(traced, /CANARY/)
  for (const line of [
    'BREW /health HTTP/1.1',
    'get /health HTTP/1.1',
    'CONNECT example.com:80 HTTP/1.1',
    'CONNECT / HTTP/1.1',
  ]) {
    await assertRefused(`${line}\r\n${HOST}\r\n`, line)
  }
})

test('requests of other HTTP versions are answered in HTTP/1.1 or refused', async () => {
  for (const line of ['GET /health HTTP/1.0', 'GET /health HTTP/0.9', 'GET /health']) {
    const old = await exchange(`${line}\r\n\r\n`)
    assert.deepEqual(parseStatuses(old), [200])
    assert.equal(parseHeaders(old).get('connection'), 'close')
  }
  for (const line of ['GET /health HTTP/1.10', 'GET /health ICE/1.0', 'PRI * HTTP/2.0']) {
    await assertRefused(`${line}\r\n${HOST}\r\n`, line)
  }
})

test('an answer to HEAD has the headers of GET and no body', async () => {
  const paths = [
    '/health',
    '/ready',
    '/api/v1/auth/me',
    '/',
    '/openapi.json',
    '/docs',
    '/docs/docs.css',
    '/dev/mail',
    '/nope',
  ]
  for (const path of paths) {
    const [got, head] = await Promise.all(
      ['GET', 'HEAD'].map((method) => exchange(`${method} ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)),
    )
    const [expected, given] = [parseHeaders(got ?? ''), parseHeaders(head ?? '')]
    for (const name of ['date', 'x-request-id']) for (const headers of [expected, given]) headers.delete(name)
    assert.deepEqual(parseStatuses(head ?? ''), parseStatuses(got ?? ''), path)
    assert.deepEqual(Object.fromEntries(given), Object.fromEntries(expected), path)
    assert.match(head ?? '', /\r\n\r\n$/, path)
    assert.notEqual(got?.split('\r\n\r\n')[1], '', path)
  }
})

test('ninety headers are accepted; oversized ones are refused', async () => {
  const many = Array.from({ length: 90 }, (_, at) => `X-${at}: ${at}\r\n`).join('')
  assert.deepEqual(
    parseStatuses(await exchange(`GET /health HTTP/1.1\r\n${HOST}${many}Connection: close\r\n\r\n`)),
    [200],
  )
  for (const large of [
    `X: ${'y'.repeat(100_000)}\r\n`,
    `${'X'.repeat(100_000)}: y\r\n`,
    many.repeat(2),
    many.repeat(100),
  ]) {
    await assertRefused(`GET /health HTTP/1.1\r\n${HOST}${large}\r\n`, `${large.length} bytes of headers`)
  }
  await assertRefused(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`, 'a long path')
})

test('a client that stops in the middle of a request ends its connection and causes no error', async () => {
  for (const bytes of [
    '',
    'G',
    'GET /health HT',
    `GET /health HTTP/1.1\r\n${HOST}`,
    `${POST}Content-Length: 20\r\n\r\n{"email":`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\n{"e`,
  ]) {
    await assertRefused(bytes, bytes, { isHalfClosed: true })
  }
  assert.equal((await server.get('/health')).status, 200)
  assert.deepEqual(
    server.logs.filter(({ level }) => Number(level) >= 50),
    [],
  )
})

test('chunks in HTTP/1.0, and a coding besides chunked, are refused and end the connection', async () => {
  const body = '2\r\n{}\r\n0\r\n\r\n'
  const old = await exchange(
    `POST /api/v1/auth/login HTTP/1.0\r\n${HOST}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n${body}${SMUGGLED}`,
  )
  assert.match(old, /^HTTP\/1\.[01] 400 /)
  assert.equal(old.match(/HTTP\/1/g)?.length, 1)
  const gzip = await exchange(`${POST}Transfer-Encoding: gzip, chunked\r\n\r\n${body}${SMUGGLED}`)
  assert.match(gzip, /^HTTP\/1\.1 501 /)
  assert.equal(gzip.match(/HTTP\/1/g)?.length, 1)
})

test('an answer to input that cannot be read has the headers of every answer, and a line in the log', async () => {
  const broken = await exchange('GET / HTTP/1.1\r\nX: a\0b\r\n\r\n')
  const unexpected = await exchange(`GET /health HTTP/1.1\r\n${HOST}Expect: x\r\n\r\n`)
  assert.match(broken, /^HTTP\/1\.1 400 /)
  assert.match(unexpected, /^HTTP\/1\.1 417 /)
  for (const answer of [broken, unexpected]) {
    for (const header of [
      'cache-control: no-store',
      'x-content-type-options: nosniff',
      "base-uri 'none'",
      'referrer-policy',
      'x-request-id: ',
    ])
      assert.ok(answer.includes(header), `${header} in ${answer}`)
    assert.match(answer, /\{"error":\{"message":"[\w ]+","details":\{\}\}\}$/)
  }
  const logged = server.logs
    .filter((line) => line['msg'] === 'a request could not be read')
    .map((line) => line['status'])
  for (const status of [400, 417]) assert.ok(logged.includes(status), `${status} in the log`)
})

test('a head has 10 seconds and a whole request 15', () => {
  const { headersTimeout, requestTimeout } = createServer(server.ctx, '0.0.0', null).server
  assert.deepEqual([headersTimeout, requestTimeout], [10_000, 15_000])
})

test('an answer tells for how long its connection stays open: KEEP_ALIVE', async () => {
  const patient = await startServer({ KEEP_ALIVE: '10m' })
  assert.equal((await patient.get('/health')).headers.get('keep-alive'), 'timeout=600')
  assert.equal((await server.get('/health')).headers.get('keep-alive'), 'timeout=72')
})
