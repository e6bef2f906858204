// A page that a mail links to. Nothing is sent until its user acts.

const ask = document.getElementById('ask')
const done = document.getElementById('done')
const form = ask.querySelector('form')
const problem = document.getElementById('problem')
const button = form.querySelector('button')
const texts = JSON.parse(form.dataset.texts)
const { needs, path } = form.dataset

// The token leaves the address bar at once: history, screenshots and extensions would keep it.
let token = findToken(location.hash)
history.replaceState(null, '', location.pathname + location.search)

const linkField = document.getElementById('link-field')
linkField.hidden = token !== null
ask.hidden = false

const digits = needs === 'number' ? String(100 + (crypto.getRandomValues(new Uint32Array(1))[0] % 900)) : ''
if (needs === 'number') {
  const label = document.getElementById('number-label')
  label.textContent = label.dataset.text.replace('###', digits)
}

// A second link that is opened in this tab changes the fragment alone.
addEventListener('hashchange', () => location.reload())

document.getElementById('show')?.addEventListener('change', ({ target }) => {
  form.elements.password.type = target.checked ? 'text' : 'password'
})

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const given = token ?? findToken(form.elements.link.value)
  complain('')
  if (given === null) return complain(texts.noLink, form.elements.link)
  if (needs === 'number' && form.elements.number.value.trim() !== digits)
    return complain(texts.otherNumber, form.elements.number)
  button.disabled = true
  try {
    await send(given)
  } catch {
    complain(texts.failed)
  } finally {
    button.disabled = false
  }
})

async function send(given) {
  const bearer = needs === 'session' ? await refresh() : null
  if (needs === 'session' && bearer === null) return complain(texts.elsewhere)
  const body = { token: given, ...(needs === 'password' && { password: form.elements.password.value }) }
  const answer = await post(path, body, bearer)
  if (answer.ok) return finish()
  const details = answer.status === 422 ? ((await answer.json()).error?.details ?? {}) : {}
  if (details.password) return complain(details.password.map(inWords).join(' '), form.elements.password)
  if (answer.status === 422) return complain(details.email ? texts.taken : texts.refused)
  complain(answer.status === 429 ? texts.limited : texts.failed)
}

/** A session of this browser proves who acts. Returns null if there is none; a server without an answer throws. */
async function refresh() {
  const answer = await post('api/v1/auth/refresh', {}, null)
  if (answer.ok) return (await answer.json()).access_token
  if (answer.status === 401 || answer.status === 403 || answer.status === 422) return null
  throw new Error('no answer')
}

function post(to, body, bearer) {
  const headers = { 'content-type': 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) }
  // From the folder of the page: a proxy may serve it under a prefix.
  return fetch(to, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** Words a refusal of the server in the language of the page. */
function inWords(refusal) {
  return Object.entries(texts.passwords).find(([beginning]) => refusal.startsWith(beginning))?.[1] ?? refusal
}

/** Shows a problem, and takes the user to its field. An empty text takes the last problem away. */
function complain(text, field) {
  problem.textContent = text
  for (const input of form.querySelectorAll('[aria-describedby]'))
    input.setAttribute('aria-invalid', String(input === field))
  field?.focus()
}

function finish() {
  token = null
  ask.hidden = true
  done.hidden = false
  done.focus()
}

/** Finds the token in a fragment or a link, also in one that a mail gateway has rewritten. */
function findToken(text) {
  let rest = text
  for (let layer = 0; layer < 5; layer++) {
    // Proofpoint ends an address that it wraps with two underscores, which tokens may have, too.
    const found = /token[=*]([\w-]{54})(?=__;|[^\w-]|$)/.exec(rest)
    if (found) return found[1]
    // Proofpoint writes a % as - or as *.
    const mark = /([-*])(?:25)*23token\1(?:25)*3D/i.exec(rest)?.[1]
    if (mark) rest = rest.replaceAll(mark, '%')
    // Other escapes are left alone: the gateway's own parameters may look like some that are invalid.
    rest = rest.replace(/%([0-7][0-9A-F])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return null
}
