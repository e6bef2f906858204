import { connect } from 'node:net'

export const REDIS_URL = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379'

/** The reason to skip tests with Redis; false if one answers. */
export const noRedis = !(await answers(REDIS_URL)) && `no Redis answers at ${REDIS_URL}; set TEST_REDIS_URL`

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port || 6379), hostname)
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
