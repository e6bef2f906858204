/* global SwaggerUIBundle */
// The start of the API page. Tokens that are tried live in this page only, and end with it.
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
