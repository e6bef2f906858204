import { NextResponse } from 'next/server'
import { tessera } from './tessera.js'

/** The one place that refreshes. It runs before each page, and gives the access token to the rendering. */
export async function proxy(request) {
  const headers = new Headers(request.headers)
  headers.delete('authorization') // the one that the page reads comes from here
  const cookie = request.headers.get('cookie')
  const address = request.headers.get('x-forwarded-for')
  const { accessToken, setCookies } = await tessera.refresh({ cookie, address })
  if (accessToken) headers.set('authorization', `Bearer ${accessToken}`)

  const response = NextResponse.next({ request: { headers } })
  for (const setCookie of setCookies) response.headers.append('set-cookie', setCookie)
  if (cookie) response.headers.set('cache-control', 'private, no-store') // no cache may share a cookie, or a user's page
  return response
}

export const config = { matcher: '/((?!api/|_next/|favicon.ico).*)' }
