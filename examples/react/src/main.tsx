import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { SessionProvider } from 'tessera-client/react'
import { App } from './App'
import { client } from './client'
import './style.css'

const root = document.getElementById('root') as HTMLElement
createRoot(root).render(
  <StrictMode>
    <SessionProvider client={client}>
      <App />
    </SessionProvider>
  </StrictMode>,
)
