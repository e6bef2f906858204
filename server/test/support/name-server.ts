import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after } from 'node:test'

const TXT = 16
const NAME_NOT_FOUND = 3
const HEADER_BYTES = 12
/** Points to the name of the question. */
const SAME_NAME = 0xc00c

/**
 * Starts a name server that knows TXT records and nothing else, and stops it after the tests of the file.
 *
 * @returns its address with its port
 */
export async function startNameServer(records: Record<string, string[]>): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => socket.send(answer(question, records), port, address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  after(() => socket.close())
  return `127.0.0.1:${socket.address().port}`
}

function answer(question: Buffer, records: Record<string, string[]>): Buffer {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = question.readUInt8(at); length > 0; length = question.readUInt8(at)) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const asked = question.subarray(HEADER_BYTES, at + 5)
  const texts = records[labels.join('.').toLowerCase()]
  const header = Buffer.alloc(HEADER_BYTES)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (texts ? 0 : NAME_NOT_FOUND), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(texts?.length ?? 0, 6)
  return Buffer.concat([header, asked, ...(texts ?? []).map(textRecord)])
}

function textRecord(text: string): Buffer {
  const fixed = Buffer.alloc(13)
  fixed.writeUInt16BE(SAME_NAME, 0)
  fixed.writeUInt16BE(TXT, 2)
  fixed.writeUInt16BE(1, 4)
  fixed.writeUInt16BE(text.length + 1, 10)
  fixed.writeUInt8(text.length, 12)
  return Buffer.concat([fixed, Buffer.from(text, 'latin1')])
}
