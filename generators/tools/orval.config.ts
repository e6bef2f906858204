import { defineConfig } from 'orval'

export default defineConfig({
  tessera: {
    input: { target: process.env['DESCRIPTION'] ?? '' },
    output: {
      target: `${process.env['OUTPUT']}/api.ts`,
      client: 'fetch',
      baseUrl: { getBaseUrlFromSpecification: true },
    },
  },
})
