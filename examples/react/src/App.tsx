import { useSession } from 'tessera-client/react'
import { Account } from './Account'
import { SignIn } from './SignIn'
import { Waiting } from './Waiting'

/** Signed out is a verdict of the server. Until there is one, the page does not show the form. */
export function App() {
  const { status, user, reason } = useSession()
  if (status === 'signed_out') return <SignIn reason={reason} />
  return status === 'signed_in' && user ? <Account user={user} /> : <Waiting />
}
