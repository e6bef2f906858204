import { defineConfig } from '@playwright/test'

const page = process.env.PAGE_URL ?? 'http://localhost:5173'
const tessera = process.env.TESSERA_URL ?? 'http://localhost:3000' // the address in vite.config.js

export default defineConfig({
  testMatch: 'tests/*.spec.js',
  workers: 1, // all tests see the same page
  timeout: 120_000,
  expect: { timeout: 60_000 },
  use: {
    baseURL: page,
    tesseraOptions: { port: Number(new URL(tessera).port) },
    launchOptions: { executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] },
  },
  webServer: { command: `npm start -- --strictPort --port ${new URL(page).port}`, url: page, timeout: 120_000 },
})
