import { createServerClient } from 'tessera-client/server'

export const tessera = createServerClient({ url: process.env.TESSERA_URL ?? 'http://localhost:3000' })
