import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/test-database.ts'

/** The packages beside the server, each by its folder. */
const PACKAGES = ['verify', 'client', 'testing']
/** Those that run in browsers and at the edge, too. */
const WITHOUT_NODE = ['verify', 'client']
/** Packages of this project that another one depends on, and that no registry has yet. */
const NEEDS: Readonly<Record<string, readonly string[]>> = { testing: ['server'] }

const root = join(import.meta.dirname, '../../..')
const skip = spawnSync('npm', ['--version']).error ? 'there is no npm here' : false
const run = promisify(execFile)
const packs = new Map<string, string>()
const folderOfPacks = temporaryFolder()

const peersOf = (name: string) => Object.keys(manifest(name).peerDependencies ?? {})
const manifest = (name: string) => JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8'))

before(async () => {
  if (skip) return
  for (const name of [...PACKAGES, ...Object.values(NEEDS).flat()]) {
    const { stdout } = await run('npm', ['pack', '--json', '--workspace', name, '--pack-destination', folderOfPacks], {
      cwd: root,
    })
    packs.set(name, join(folderOfPacks, JSON.parse(stdout)[0].filename))
  }
})

/** Runs a program of the project. It fails with the output of the program. */
async function check(program: string, ...args: string[]): Promise<void> {
  const file = join(root, 'node_modules/.bin', program)
  await run(process.execPath, [file, ...args], { cwd: root }).catch(({ stdout, stderr }) =>
    assert.fail(`${program}\n${stdout}\n${stderr}`),
  )
}

for (const name of PACKAGES) {
  test(`${name}: publint and @arethetypeswrong/cli find nothing`, { skip }, async () => {
    await check('publint', 'run', packs.get(name) ?? '', '--strict')
    await check('attw', packs.get(name) ?? '', '--profile', 'esm-only')
  })

  test(`${name}: an empty folder installs the package, and imports all that it exports`, { skip }, async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}')
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
    const peers = peersOf(name).flatMap((peer) => [peer, `@types/${peer}`])
    const files = [name, ...(NEEDS[name] ?? [])].map((each) => packs.get(each) ?? '')
    await run('npm', ['install', ...files, ...peers, ...flags], { cwd: folder })
    const { name: published, exports, version } = manifest(name)
    const modules = Object.keys(exports).filter((path) => !path.endsWith('.json'))
    const source = modules.map((path) => `await import(${JSON.stringify(path.replace('.', published))})`).join('\n')
    await run(process.execPath, ['--input-type=module', '--eval', source], { cwd: folder })
    const installed = join(folder, 'node_modules', published)
    assert.equal(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')).version, version)
    for (const file of ['README.md', 'LICENSE']) readFileSync(join(installed, file))
    assert.deepEqual(globSync('{src,test,tsconfig*}', { cwd: installed }), [], 'and nothing else than what is used')
    if (!WITHOUT_NODE.includes(name)) return
    // An application without the types of Node.js compiles against it, strictly.
    mkdirSync(join(folder, 'app'))
    const imports = modules.map((path, index) => `import * as m${index} from '${path.replace('.', published)}'`)
    const uses = modules.map((_path, index) => `m${index}`).join(', ')
    writeFileSync(join(folder, 'app/app.ts'), `${imports.join('\n')}\nexport const all = [${uses}]\n`)
    const options = {
      strict: true,
      skipLibCheck: false,
      types: [],
      noEmit: true,
      lib: ['es2022', 'dom'],
      target: 'es2022',
    }
    for (const module of ['nodenext', 'preserve']) {
      const tsconfig = { compilerOptions: { ...options, module }, include: ['.'] }
      writeFileSync(join(folder, 'app/tsconfig.json'), JSON.stringify(tsconfig))
      await check('tsc', '-p', join(folder, 'app'))
    }
  })
}

for (const name of WITHOUT_NODE) {
  test(`${name}: the package imports exactly its dependencies, and nothing of Node.js`, { skip }, async () => {
    const folder = temporaryFolder()
    await run('tar', ['-xzf', packs.get(name) ?? '', '-C', folder, '--strip-components=1'])
    const imported = new Set<string>()
    for (const file of globSync('dist/**/*.{js,d.ts}', { cwd: folder })) {
      const text = readFileSync(join(folder, file), 'utf8')
      for (const [, target = ''] of text.matchAll(/(?:from|import)[ (]*['"]([^.'"][^'"]*)['"]/g)) imported.add(target)
      assert.doesNotMatch(text, /\bprocess\.|\bBuffer\b/, file)
    }
    const named = [...Object.keys(manifest(name).dependencies ?? {}), ...peersOf(name)]
    assert.deepEqual([...imported].sort(), named.sort())
  })
}
