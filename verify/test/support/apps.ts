import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { type ServerType, serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import type { Verifier } from '../../src/create-verifier.ts'
import * as forExpress from '../../src/express.ts'
import * as forFastify from '../../src/fastify.ts'
import * as forHono from '../../src/hono.ts'
import * as forNext from '../../src/next.ts'

/** A level that `/transfers` asks for. */
export const MAX_AGE_SECONDS = 300

type Start = (verifier: Verifier) => Promise<string>

async function urlOf(server: ServerType): Promise<string> {
  if (!server.listening) await once(server, 'listening')
  after(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Starts the same API on each framework: `/orders` for users, `/users` for admins, `/transfers` after a recent login. */
export const apps: Record<string, Start> = {
  Express: async (verifier) => {
    const { authenticate, requireRole, requireStepUp } = forExpress
    const app = express()
    app.use(authenticate(verifier))
    app.get('/orders', (request, response) => void response.json({ owner: request.claims?.sub }))
    app.get('/users', requireRole('admin'), (_request, response) => void response.json([]))
    app.get(
      '/transfers',
      requireStepUp({ maxAgeSeconds: MAX_AGE_SECONDS }),
      (_request, response) => void response.json([]),
    )
    return urlOf(app.listen(0, '127.0.0.1'))
  },
  Fastify: async (verifier) => {
    const { authenticate, claimsOf, requireRole, requireStepUp } = forFastify
    const app = fastify()
    app.decorateRequest('claims', null)
    app.addHook('onRequest', authenticate(verifier))
    app.get('/orders', async (request) => ({ owner: claimsOf(request).sub }))
    app.get('/users', { onRequest: requireRole('admin') }, async () => [])
    app.get('/transfers', { onRequest: requireStepUp({ maxAgeSeconds: MAX_AGE_SECONDS }) }, async () => [])
    await app.listen({ port: 0, host: '127.0.0.1' })
    after(() => app.close())
    return urlOf(app.server)
  },
  Hono: async (verifier) => {
    const { authenticate, requireRole, requireStepUp } = forHono
    const app = new Hono<{ Variables: forHono.ClaimsVariables }>()
    app.use(authenticate(verifier))
    app.get('/orders', (c) => c.json({ owner: c.get('claims').sub }))
    app.get('/users', requireRole('admin'), (c) => c.json([]))
    app.get('/transfers', requireStepUp({ maxAgeSeconds: MAX_AGE_SECONDS }), (c) => c.json([]))
    return urlOf(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }))
  },
  Next: async (verifier) => {
    const { authenticate, requireRole, requireStepUp } = forNext
    const withToken = authenticate(verifier)
    type Context = { params: Promise<Record<string, string>> }
    type Route = (request: Request, context: Context) => Response | Promise<Response>
    const routes: Record<string, Route> = {
      '/orders': withToken((_request, { claims }) => Response.json({ owner: claims.sub })),
      '/users': withToken(requireRole('admin')(() => Response.json([]))),
      '/transfers': withToken(requireStepUp({ maxAgeSeconds: MAX_AGE_SECONDS })(async () => Response.json([]))),
    }
    const route = (request: Request) =>
      routes[new URL(request.url).pathname] ?? (() => new Response(null, { status: 404 }))
    const fetch = (request: Request) => route(request)(request, { params: Promise.resolve({}) })
    return urlOf(serve({ fetch, port: 0, hostname: '127.0.0.1' }))
  },
}
