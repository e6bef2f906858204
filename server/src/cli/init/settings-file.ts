import { randomBytes } from 'node:crypto'

/** The port of the first Tessera of an application, whose own server often takes 3000. */
const PORT = 4000

/** The settings to begin with, with secrets that production accepts. */
export function settingsFile(): string {
  const secret = (bytes: number) => randomBytes(bytes).toString('hex')
  return `# Settings of Tessera: https://www.npmjs.com/package/tessera-auth, docs/configuration.md. Keep this file secret.
PORT=${PORT}
PUBLIC_URL=http://localhost:${PORT}

# Access tokens are signed with a key pair that Tessera makes: other services need no secret to verify them.
JWT_ALGORITHM=ES256
JWT_AUDIENCE=app
JWT_SECRET_KEY=${secret(64)}
REFRESH_SECRET_KEY=${secret(64)}

# A file; for several servers, DATABASE_URL=postgres://user:password@host/database
DATABASE_URL=sqlite:data/tessera.db
`
}

export const COMPOSE_FILE = `# docker compose -f compose.tessera.yaml up
# The image is built from a clone of Tessera: docker build -f deploy/Dockerfile -t tessera .
services:
  tessera:
    image: tessera
    init: true
    restart: unless-stopped
    stop_grace_period: 40s
    env_file: .env
    environment:
      NODE_ENV: development
      HOST: 0.0.0.0
    volumes:
      - tessera:/var/lib/tessera
    ports:
      - "127.0.0.1:${PORT}:${PORT}"

volumes:
  tessera:
`
