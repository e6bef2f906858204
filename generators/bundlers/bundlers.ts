import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build as esbuild } from 'esbuild'

/** Loads what `npm ci --prefix generators` brings, and the types of the project do not know. */
const requireTool = createRequire(import.meta.url)

/** Makes one script of an application's folder, with the bundler's settings for production. */
export type Bundler = (folder: string) => Promise<string>

const PRODUCTION = { 'process.env.NODE_ENV': '"production"' }

/** Nothing stands in for what is of Node.js: a bundle that needs it does not run. */
export const BUNDLERS: Record<string, Bundler> = {
  async esbuild(folder) {
    const { outputFiles } = await esbuild({
      entryPoints: [join(folder, 'index.js')],
      bundle: true,
      minify: true,
      platform: 'browser',
      define: PRODUCTION,
      write: false,
    })
    return outputFiles[0]?.text ?? ''
  },

  async Vite(folder) {
    const lib = {
      entry: join(folder, 'index.js'),
      formats: ['iife'],
      name: 'application',
      fileName: () => 'vite.js',
    }
    await requireTool('vite').build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      define: PRODUCTION,
      build: { lib, outDir: 'vite' },
    })
    return readFileSync(join(folder, 'vite/vite.js'), 'utf8')
  },

  async webpack(folder) {
    const output = { path: join(folder, 'webpack'), filename: 'webpack.js' }
    const compiler = requireTool('webpack')({
      mode: 'production',
      target: 'web',
      context: folder,
      entry: './index.js',
      output,
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    if (stats?.hasErrors()) throw new Error(stats.toString('errors-only'))
    return readFileSync(join(folder, 'webpack/webpack.js'), 'utf8')
  },

  Metro: (folder) => metro(folder, 'index.js', true),

  /** By default before React Native 0.79. */
  'Metro without `exports`': (folder) => metro(folder, 'deep.js', false),
}

/** The loader of modules, which Metro puts before the application. */
const METRO_RUNTIME = join(import.meta.dirname, '../node_modules/metro-runtime')

async function metro(folder: string, entry: string, knowsExports: boolean): Promise<string> {
  const { loadConfig, runBuild } = requireTool('metro')
  const config = await loadConfig(
    { cwd: folder, resetCache: true },
    {
      projectRoot: folder,
      watchFolders: [folder, METRO_RUNTIME],
      maxWorkers: 1,
      reporter: { update() {} },
      resolver: { unstable_enablePackageExports: knowsExports, useWatchman: false },
      transformer: {
        asyncRequireModulePath: join(METRO_RUNTIME, 'src/modules/asyncRequire.js'),
        getTransformOptions: async () => ({ transform: { experimentalImportSupport: true, inlineRequires: false } }),
      },
    },
  )
  const { code } = await runBuild(config, { entry: join(folder, entry), platform: 'ios', dev: false, minify: false })
  return code
}
