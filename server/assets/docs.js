import { calm } from './docs-components.js'

// The variables of the examples, as in Postman and Bruno: a request gets the tokens of the answers before it.
const variables = new Map()
const randomKey = () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-')
const fillIn = (text) =>
  text.replaceAll(/(?:\{\{|%7B%7B)(\$?\w+)(?:\}\}|%7D%7D)/g, (whole, name) =>
    name === '$randomUUID' ? randomKey() : (variables.get(name) ?? whole),
  )

function fillInRequest(request) {
  request.url = fillIn(request.url)
  if (typeof request.body === 'string') request.body = fillIn(request.body)
  for (const [name, value] of Object.entries(request.headers)) request.headers[name] = fillIn(value)
  return request
}

// Starts the API page. Tokens that users enter are kept in this page only and are gone once it is closed.
const ui = globalThis.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  plugins: [calm],
  layout: 'Calm',
  validatorUrl: null,
  persistAuthorization: false,
  tryItOutEnabled: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  syntaxHighlight: { activated: false },
  supportedSubmitMethods: ['get', 'post', 'put', 'patch', 'delete'],
  requestInterceptor: (request) => callThisServer(fillInRequest(request)),
  responseInterceptor: keepTokens,
})

// The description names the public address, which may be that of another host: the page calls the server it came from.
function callThisServer(request) {
  const { pathname, search } = new URL(request.url, location.href)
  request.url = location.origin + pathname + search
  return request
}

// Operations whose answer has the tokens of a login session, and those whose body has its refresh token.
const ISSUE = ['/api/v1/auth/login', '/api/v1/auth/login/verify', '/api/v1/auth/refresh', '/oauth/token']
const SPEND = ['/api/v1/auth/refresh', '/api/v1/auth/logout']

// Takes over the tokens of a login that was tried here, so that the other operations work with one click.
function keepTokens(response) {
  const path = new URL(response.url).pathname
  if (!response.ok) return response
  if (path === '/api/v1/auth/logout') ui.authActions.logout(['accessToken'])
  const { user, sessions, access_token, refresh_token } = response.body ?? {}
  if (sessions) {
    variables.set('session_id', sessions.find(({ current }) => current)?.id)
    variables.set('other_session_id', sessions.find(({ current }) => !current)?.id)
  }
  if (path.endsWith('/sign_up') && user) variables.set('user_guid', user.guid)
  const prefix = path.startsWith('/auth/') ? 'pair_' : ''
  if (access_token) variables.set(`${prefix}access_token`, access_token)
  if (refresh_token) variables.set(`${prefix}refresh_token`, refresh_token)
  if (!ISSUE.includes(path)) return response
  if (access_token) ui.preauthorizeApiKey('accessToken', access_token)
  if (refresh_token) {
    const value = JSON.stringify({ refresh_token }, null, 2)
    for (const spender of SPEND) {
      const pathMethod = [spender, 'post']
      ui.oas3Actions.setRequestBodyValue({ value, pathMethod })
      // An operation that opens later would otherwise begin with its example.
      ui.oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod })
    }
  }
  return response
}
