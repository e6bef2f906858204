import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import Negotiator from 'negotiator'
import { sha256 } from '../../crypto/hashing/sha256.ts'
import { notFound } from '../contract/refusal.ts'
import { endpoint } from '../endpoint/endpoint.ts'

interface Asset {
  type: string
  etag: string
  plain: Buffer
  gzipped: Buffer
}

const ownFile = (file: string) => new URL(`../../../assets/${file}`, import.meta.url)
const swaggerUiFile = (file: string) => new URL(import.meta.resolve(`@fastify/swagger-ui/static/${file}`))

const FILES: Record<string, { type: string; file: () => URL }> = {
  'swagger-ui-bundle.js': { type: 'text/javascript; charset=utf-8', file: () => swaggerUiFile('swagger-ui-bundle.js') },
  'docs.css': { type: 'text/css; charset=utf-8', file: () => ownFile('docs.css') },
  'docs-components.js': { type: 'text/javascript; charset=utf-8', file: () => ownFile('docs-components.js') },
  'docs.js': { type: 'text/javascript; charset=utf-8', file: () => ownFile('docs.js') },
}

/** The assets, each read and compressed on its first request. */
const loaded = new Map<string, Promise<Asset>>()

/** `GET /docs/:asset`: the style sheets and scripts of the API page. */
export const docsAsset = endpoint({
  about: null,
  params: { asset: 'The name of the file.' },
  responses: {},
  async handle(_ctx, request, reply) {
    const { asset: name } = request.params
    if (!Object.hasOwn(FILES, name)) throw notFound()
    const { type, etag, plain, gzipped } = await load(name)
    // Browsers revalidate it each time, and get a 304 while it is unchanged.
    reply.headers({ 'cache-control': 'no-cache', etag, vary: 'Accept-Encoding' })
    if (request.headers['if-none-match']?.includes(etag)) return reply.code(304).send()
    if (new Negotiator(request.raw).encoding(['gzip', 'identity']) !== 'gzip') return reply.type(type).send(plain)
    return reply.type(type).header('content-encoding', 'gzip').send(gzipped)
  },
})

function load(name: string): Promise<Asset> {
  const asset = loaded.get(name) ?? read(name)
  loaded.set(name, asset)
  asset.catch(() => loaded.delete(name))
  return asset
}

async function read(name: string): Promise<Asset> {
  const { type, file } = FILES[name] as { type: string; file: () => URL }
  const plain = await readFile(file())
  // The ETag is weak because both encodings share it.
  const etag = `W/"${sha256(plain).slice(0, 22)}"`
  return { type, etag, plain, gzipped: await promisify(gzip)(plain) }
}
