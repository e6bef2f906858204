import type { Server, Socket } from 'node:net'
import type { Log } from '../../observe/log.ts'
import { onceASecond } from '../../observe/sampled.ts'
import { canonicalIp, type IpRanges } from '../../text/ip-address.ts'

/** More than any browser opens, and enough for a gateway. Trusted proxies have no limit. */
const MAX_SOCKETS_PER_ADDRESS = 1000

/** Closes connections over the limit of their address immediately, so that one machine cannot use up all sockets. */
export function capSockets(server: Server, trustedProxies: IpRanges, log: Log, max = MAX_SOCKETS_PER_ADDRESS): void {
  const logSampled = onceASecond((fields) => log.warn(fields, 'a connection over the limit of its address was closed'))
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = canonicalIp(socket.remoteAddress ?? '') ?? ''
    if (trustedProxies.includes(address)) return
    const count = (open.get(address) ?? 0) + 1
    if (count > max) {
      socket.destroy()
      logSampled({ ip: address })
      return
    }
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
  })
}
