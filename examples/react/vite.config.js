import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Tessera has the page's own origin, so its cookie reaches it and no script can read it.
const tessera = { target: process.env.TESSERA_URL ?? 'http://localhost:3000', xfwd: true }
const proxy = { '/api/v1': tessera }

export default defineConfig({
  plugins: [react()],
  server: { proxy },
  preview: { proxy },
})
