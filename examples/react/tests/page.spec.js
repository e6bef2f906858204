import { test as base, expect } from '@playwright/test'
import { playwrightFixtures } from 'tessera-test/fixtures'

const test = base.extend(playwrightFixtures)
const ann = { email: 'ann@example.com', password: 'correct horse' }

test.beforeEach(async ({ page, tessera }) => {
  await tessera.user(ann)
  await page.goto('/')
  await page.getByLabel('Email address').fill(ann.email)
  await page.getByLabel('Password').fill(ann.password)
  await page.getByRole('button', { name: 'Log in', exact: true }).click()
  await expect(page.getByRole('heading', { name: ann.email })).toBeVisible()
})

test('an expiry: a month later the page asks for the password', async ({ page, tessera }) => {
  await tessera.advance('31d')
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible()
})

test('a lost answer: the page stays signed in', async ({ page, tessera }) => {
  await tessera.advance('16m')
  await tessera.lose('refresh')
  await page.reload()
  await expect(page.getByRole('heading', { name: ann.email })).toBeVisible()
})

test('a theft: the page is signed out, and its user gets a mail', async ({ page, request, tessera }) => {
  await tessera.advance('16m')
  const refreshed = page.waitForResponse('**/auth/refresh')
  await page.reload()
  const { access_token } = await (await refreshed).json()
  await expect(page.getByText('This one')).toBeVisible()
  const { refresh_token } = await tessera.steal(access_token)
  await tessera.advance('16m')
  const thief = await request.post(`${tessera.url}/api/v1/auth/refresh`, {
    headers: { cookie: `__Host-tessera_refresh=${refresh_token}` },
  })
  expect(thief.status()).toBe(200)
  await tessera.advance('16m')
  await page.reload()
  await expect(page.getByText('You were signed out')).toBeVisible()
  expect((await tessera.mail(ann.email)).kind).toBe('refresh_token_reused')
})
