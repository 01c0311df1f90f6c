import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A checkout with a launcher, the real packages and commands of our own. */
describe('the launcher', () => {
  let checkout: string
  const launcher = () => join(checkout, 'src', 'cli', 'lanekeeper.mjs')
  const launch = (...args: string[]) => spawnSync(process.execPath, [launcher(), ...args], { encoding: 'utf8' })
  before(() => {
    checkout = mkdtempSync(join(tmpdir(), 'lane keeper '))
    mkdirSync(join(checkout, 'src', 'cli'), { recursive: true })
    for (const file of ['package.json', 'package-lock.json', 'src/cli/lanekeeper.mjs', 'src/cli/command-line.mjs']) {
      cpSync(join(root, file), join(checkout, file))
    }
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  })
  after(() => rmSync(checkout, { recursive: true }))

  it('runs the pinned Node from a path with spaces, with the arguments and exit code of the command', () => {
    writeFileSync(
      join(checkout, 'src/cli/explain.ts'),
      `const said: string[] = process.argv.slice(2)
       console.log(JSON.stringify({ version: process.version, said }))
       process.exit(7)`,
    )
    const { status, stdout } = launch('explain', 'a b', '--json')
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: { node: string }
    }
    assert.deepEqual(JSON.parse(stdout), { version: `v${dependencies.node}`, said: ['a b', '--json'] })
    assert.equal(status, 7)
  })

  it('passes SIGTERM on and ends as the command ends', async () => {
    writeFileSync(
      join(checkout, 'src/cli/explain.ts'),
      `process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up')`,
    )
    const child = spawn(process.execPath, [launcher(), 'explain'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [3, null])
  })

  it('tells the command when it is itself killed', async () => {
    const mark = join(checkout, 'mark')
    writeFileSync(
      join(checkout, 'src/cli/explain.ts'),
      `import { writeFileSync } from 'node:fs'
       process.on('disconnect', () => { writeFileSync(${JSON.stringify(mark)}, 'gone'); process.exit() })
       setInterval(() => {}, 1000); console.log('up')`,
    )
    const child = spawn(process.execPath, [launcher(), 'explain'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    // Its output ends only when the command has ended too.
    await once(child, 'close')
    assert.equal(readFileSync(mark, 'utf8'), 'gone')
  })

  it('answers 64 for no command, an unknown one and an unknown option, and names the nearest', () => {
    for (const [args, says] of [
      [[], /Usage: npx lanekeeper COMMAND[\s\S]*verify-ledger/],
      [['strat'], /There is no command "strat"; did you mean "start"\?.*start, demo/],
      [['chek', '--help'], /did you mean "check"\?/],
      [['toString'], /There is no command "toString"/],
      [['--vresion'], /There is no option "--vresion"; did you mean "--version"\?/],
      [['help', 'scna'], /did you mean "scan"\?/],
    ] as const) {
      const { status, stdout, stderr } = launch(...args)
      assert.deepEqual([status, stdout], [64, ''], args.join(' '))
      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /^\s+at /m)
    }
  })

  it('says its version and its commands, and installs nothing for that', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    const bare = mkdtempSync(join(tmpdir(), 'lanekeeper-bare-'))
    try {
      cpSync(join(checkout, 'src'), join(bare, 'src'), { recursive: true })
      cpSync(join(checkout, 'package.json'), join(bare, 'package.json'))
      const ask = (...args: string[]) => {
        const file = join(bare, 'src', 'cli', 'lanekeeper.mjs')
        const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' })
        assert.deepEqual([status, stderr], [0, ''], args.join(' '))
        return stdout
      }
      for (const args of [['--version'], ['-v'], ['version'], ['scan', '--version']]) {
        assert.equal(ask(...args), `${version}\n`)
      }
      for (const args of [['--help'], ['-h'], ['help']]) assert.match(ask(...args), /verify-ledger .*\n.*migrate/)
      for (const args of [
        ['scan', '--help'],
        ['help', 'scan'],
      ])
        assert.match(ask(...args), /^scan: reports/)
      assert.deepEqual(readdirSync(bare).sort(), ['package.json', 'src'])
    } finally {
      rmSync(bare, { recursive: true })
    }
  })
})
