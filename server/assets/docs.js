/* global SwaggerUIBundle */
// Swagger UI has dark colours, under a class.
const dark = matchMedia('(prefers-color-scheme: dark)')
const applyColours = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', applyColours)
applyColours()

// Starts the API page. Tokens that users enter are kept in this page only and are gone once it is closed.
globalThis.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  validatorUrl: null,
  persistAuthorization: false,
  tryItOutEnabled: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  supportedSubmitMethods: ['get', 'post', 'delete'],
})
