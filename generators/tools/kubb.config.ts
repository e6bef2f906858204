import { defineConfig } from '@kubb/core'
import { pluginClient } from '@kubb/plugin-client'
import { pluginOas } from '@kubb/plugin-oas'
import { pluginTs } from '@kubb/plugin-ts'

// The address of the server is that of the description.
export default defineConfig({
  root: '.',
  input: { path: process.env['DESCRIPTION'] ?? '' },
  output: { path: process.env['OUTPUT'] ?? '', clean: true, format: false, lint: false },
  plugins: [
    pluginOas({ validate: false, serverIndex: 0, generators: [] }),
    pluginTs(),
    pluginClient({ client: 'fetch', bundle: true }),
  ],
})
