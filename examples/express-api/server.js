import { randomUUID } from 'node:crypto'
import express from 'express'
import { createVerifier } from 'tessera-verify'
import { authenticate, requireRole } from 'tessera-verify/express'

const verifier = createVerifier({
  issuer: process.env.TESSERA_URL ?? 'http://localhost:3000',
  audience: 'notes',
  revocations: {}, // a logout counts here within seconds
})

/** The notes, by their ids. A real API has a database. */
const notes = new Map()

const app = express()
app.get('/', (_request, response) => response.json({ name: 'notes' })) // open to everyone

app.use('/notes', authenticate(verifier), express.json({ limit: '10kb' }))

app.get('/notes', (request, response) => {
  response.json([...notes.values()].filter((note) => note.owner === request.claims.sub))
})

app.post('/notes', (request, response) => {
  const text = request.body?.text
  if (typeof text !== 'string' || text.trim() === '')
    return response.status(422).json({ error: { message: 'Invalid note', details: { text: ["can't be blank"] } } })
  const note = { id: randomUUID(), owner: request.claims.sub, text }
  notes.set(note.id, note)
  response.status(201).json(note)
})

app.delete('/notes/:id', (request, response) => {
  const note = notes.get(request.params.id)
  // The note of another user is the same 404 as one that does not exist.
  if (note?.owner !== request.claims.sub)
    return response.status(404).json({ error: { message: 'Not found', details: {} } })
  notes.delete(note.id)
  response.sendStatus(204)
})

app.get('/notes/all', requireRole('admin'), (_request, response) => response.json([...notes.values()]))

const server = app.listen(process.env.PORT ?? 4000, '127.0.0.1', () => {
  process.stdout.write(`The API listens on http://localhost:${server.address().port}\n`)
})
process.once('SIGTERM', () => {
  verifier.close()
  server.close()
})
