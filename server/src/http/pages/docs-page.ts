import { html } from '../../text/html.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { ICON, sendHtml } from './page.ts'

// Swagger UI needs inline styles and icons in `data:` URLs; scripts and requests stay on this origin.
const POLICY = {
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'frame-ancestors': "'none'",
}

/** `GET /docs`: interactive documentation of `/openapi.json`. The page loads nothing from other origins. */
export const docsPage = endpoint({
  about: null,
  responses: {},
  handle: async (_ctx, _request, reply) => sendHtml(reply, PAGE, POLICY),
})

const PAGE = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tessera API</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<nav><a href="/">Tessera</a><a href="/openapi.json">openapi.json</a></nav>
<div id="api"></div>
<noscript>This page needs JavaScript; <a href="/openapi.json">/openapi.json</a> does not.</noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/docs.js"></script>
</body>
</html>
`
