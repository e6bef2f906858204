const tessera = process.env.TESSERA_URL ?? 'http://localhost:3000'

/** Tessera answers under the app's own host: only then its cookie reaches `proxy.js`. */
export default {
  poweredByHeader: false,
  rewrites: async () => [
    { source: '/api/v1/auth/:path*', destination: `${tessera}/api/v1/auth/:path*` },
    { source: '/api/v1/users/:path*', destination: `${tessera}/api/v1/users/:path*` },
  ],
}
