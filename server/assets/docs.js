/* global SwaggerUIBundle */
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
