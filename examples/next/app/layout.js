import { headers } from 'next/headers'
import { tessera } from '../tessera.js'
import { Session } from './session.js'
import './style.css'

export const metadata = { title: 'Tessera example' }

/** The user whom the server knows, if any, for the page's first rendering. */
async function initialUser() {
  const authorization = (await headers()).get('authorization')
  return authorization ? tessera.user(authorization.slice('Bearer '.length)) : null
}

export default async function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <Session initial={await initialUser()}>{children}</Session>
      </body>
    </html>
  )
}
