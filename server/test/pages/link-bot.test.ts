import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import sql, { raw } from 'sql-template-tag'
import { noBrowser, openBrowser } from '../support/browser.ts'
import type { TestServer } from '../support/server.ts'
import { onPostgres } from '../support/test-database.ts'
import { makeEveryMail, startSite } from './every-mail.ts'
import { answered } from './link-visit.ts'

const skip = noBrowser
/** The limits count requests, not what they change. */
const NOT_COMPARED = ['rate_limits', 'sqlite_sequence']

/** Reads all rows of all tables. */
async function dump(server: TestServer): Promise<Record<string, string[]>> {
  const tables = await server.rows<{ name: string }>(
    onPostgres
      ? sql`select tablename as name from pg_tables where schemaname = current_schema()`
      : sql`select name from sqlite_master where type = ${'table'}`,
  )
  const dumped: Record<string, string[]> = {}
  for (const { name } of tables.filter((table) => !NOT_COMPARED.includes(table.name))) {
    const rows = await server.rows(sql`select * from ${raw(name)}`)
    dumped[name] = rows.map((row) => JSON.stringify(row)).sort()
  }
  return dumped
}

/** The links to this server in the newest mail of each kind, as text and as HTML. */
async function linksOfMails(server: TestServer): Promise<string[]> {
  const { mails } = (await server.get('/dev/mail')).body as { mails: { id: number }[] }
  const links = new Set<string>()
  const kinds = new Set<string>()
  for (const { id } of mails) {
    const { kind, text, html } = (await server.get(`/dev/mail/${id}`)).body
    if (kinds.has(kind)) continue
    kinds.add(kind)
    for (const [link] of `${text} ${html}`.matchAll(/http:\/\/localhost[^\s"<]+/g)) links.add(link)
  }
  assert.equal(kinds.size, 13)
  return [...links]
}

/** Opens a link as a mail scanner does: reads all, types into every field, clicks every button and submits every form. */
async function scan(context: BrowserContext, link: string): Promise<void> {
  for (const method of ['HEAD', 'GET']) assert.equal((await fetch(link, { method })).status, 200)
  for (const address of [link, link.replace('#', '%23')]) {
    const page = await context.newPage()
    await page.goto(address)
    await page.locator('form').waitFor()
    await clickEverything(page)
    const isReset = new URL(link).pathname === '/reset'
    for (const field of await page.locator('input:visible:not([type=checkbox])').all()) {
      if (!isReset) await field.fill('100')
    }
    await clickEverything(page)
    if (isReset) assert.ok(await page.getByLabel('New password', { exact: true }).isVisible())
    assert.ok(await page.locator('#done').isHidden(), link)
    await page.close()
  }
}

async function clickEverything(page: Page): Promise<void> {
  for (const button of await page.locator('button:visible, [type=checkbox]:visible').all()) {
    await button.click()
    await answered(page)
  }
  await page.evaluate('for (const form of document.forms) form.requestSubmit()')
  await answered(page)
}

test('a scanner that opens every link of every mail, and clicks and submits everything, changes nothing', {
  skip,
}, async () => {
  const server = await startSite()
  await makeEveryMail(server)
  const [links, before] = [await linksOfMails(server), await dump(server)]
  const pages = [...new Set(links.map((link) => new URL(link).pathname))].sort()
  assert.deepEqual(pages, ['/confirm', '/not_me', '/reset', '/undo', '/verify'])
  const context = await openBrowser()
  for (const link of links) await scan(context, link)
  const after = await dump(server)
  for (const [table, rows] of Object.entries(before)) assert.deepEqual(after[table], rows, table)
  assert.ok((before['one_time_tokens']?.length ?? 0) > 8)
})
