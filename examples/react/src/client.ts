import { createClient } from 'tessera-client'

/** The page's own origin, behind the proxy: the refresh token is in a cookie, the access token in memory. */
export const client = createClient({ url: location.origin })
