import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runConnect } from '../connect.ts'
import { runConnections } from '../connections.ts'
import { runDemo } from '../demo.ts'
import { runExplain } from '../explain.ts'
import { runExport } from '../export.ts'
import { runHubSpotProject } from '../hubspot-project.ts'
import { runLink } from '../link.ts'
import { runMigrate } from '../migrate.ts'
import { runPolicies } from '../policies.ts'
import { runRotateKeys } from '../rotate-keys.ts'
import { runScan } from '../scan.ts'
import { runStart } from '../start.ts'

const COMMANDS = {
  start: runStart,
  demo: runDemo,
  connect: runConnect,
  connections: runConnections,
  'hubspot-project': runHubSpotProject,
  'rotate-keys': runRotateKeys,
  explain: runExplain,
  policies: runPolicies,
  scan: runScan,
  link: runLink,
  export: runExport,
  migrate: runMigrate,
}
type Name = keyof typeof COMMANDS

describe('every command of the terminal', () => {
  let dataDir: string
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-command-'))
  })
  after(() => rm(dataDir, { recursive: true }))

  async function run(name: Name, args: readonly string[], environment: Record<string, string> = {}) {
    let out = ''
    let problem = ''
    const streams = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (problem += text) },
    }
    const code = await COMMANDS[name](args, { DATA_DIR: dataDir, ...environment }, streams)
    return { code, out, problem }
  }

  for (const name of Object.keys(COMMANDS) as Name[]) {
    it(`${name} --help says what it takes and does nothing else, even with wrong settings`, async () => {
      for (const help of ['--help', '-h']) {
        const { code, out, problem } = await run(name, [help], { LANEKEEPER_SANDBOX: 'perhaps', DATABASE_URL: 'x' })
        assert.deepEqual([code, problem], [0, ''])
        assert.match(out, new RegExp(name))
        assert.match(out, /Exit code 0/)
      }
      assert.deepEqual(await readdir(dataDir), [])
    })

    it(`${name} answers 64 for an option and a word that it does not know, and does nothing`, async () => {
      for (const [args, says] of [
        [['--hlep'], /no option --hlep; did you mean --help\?/],
        [['-x'], /^There is no option -x\n/],
        [['--zzzzzz'], /^There is no option --zzzzzz\n/],
        [['--help=yes'], /^--help takes no value\n/],
        [['a', 'b', 'c', 'd'], /"[bcd]" is not understood here|"a" is not understood here/],
        [['--', 'a', 'b', 'c', 'd'], /is not understood here/],
      ] as const) {
        const { code, out, problem } = await run(name, args)
        assert.deepEqual([code, out], [64, ''], args.join(' '))
        assert.match(problem, says)
        assert.match(problem, /Exit code 0/)
        assert.doesNotMatch(problem, /^\s+at /m)
      }
      assert.deepEqual(await readdir(dataDir), [])
    })
  }

  for (const name of ['start', 'link', 'scan', 'migrate', 'rotate-keys', 'export', 'connections'] as const) {
    it(`${name} answers 64 for a setting that is unknown or wrong, names the nearest, and does nothing`, async () => {
      const words = name === 'link' ? ['ann@acme.com'] : []
      const unknown = await run(name, words, { LANEKEEPER_POL_SECONDS: '5' })
      assert.deepEqual([unknown.code, unknown.out], [64, ''])
      assert.match(unknown.problem, /LANEKEEPER_POL_SECONDS is not a setting; did you mean LANEKEEPER_POLL_SECONDS\?/)
      const wrong = await run(name, words, { PORT: 'four' })
      assert.deepEqual([wrong.code, wrong.out], [64, ''])
      assert.match(wrong.problem, /PORT "four" is not a port/)
      assert.deepEqual(await readdir(dataDir), [])
    })
  }

  for (const [name, args, says] of [
    ['connections', ['disconect', 'a'], /no command of connections "disconect"; did you mean "disconnect"\?/],
    ['connections', ['disconnect'], /needs the id of a connection/],
    ['connections', ['disconnect', 'a'], /--history keep or --history erase/],
    ['connections', ['disconnect', 'a', '--history', 'erse'], /no history "erse"; did you mean "erase"\?/],
    ['connect', ['hubsopt'], /no CRM "hubsopt"; did you mean "hubspot"\?/],
    ['connect', [], /Say which: "connect hubspot" or "connect salesforce"/],
    [
      'connect',
      ['hubspot', '--kind', 'tokn'],
      /no kind of hubspot "tokn"; did you mean "token"\? There are token, oauth/,
    ],
    ['connect', ['hubspot', '--day-share', '2'], /is not a share from 0\.01 to 1/],
    ['hubspot-project', ['--kind', 'outh'], /no kind of app "outh"; did you mean "oauth"\?/],
    ['hubspot-project', ['--webhook-url', 'here'], /"here" is no address/],
    ['hubspot-project', ['--out='], /--out needs a value/],
    ['explain', [], /Say which workflow/],
    ['policies', [], /Say diff or push/],
    ['policies', ['dif'], /Say diff or push; did you mean "diff"\?/],
    ['policies', ['push', '/nowhere'], /There is no folder \/nowhere\/workflows/],
    ['explain', ['lead-routing', '/none'], /no folder \/none\/workflows/],
    ['scan', ['--out='], /--out needs the name of a file/],
    ['scan', ['--out'], /--out/],
    ['export', ['--from', 'mysql://x'], /begins with postgres/],
    ['demo', ['--kill-workers', '1.5'], /whole number from 0 to 20/],
  ] as const) {
    it(`${name} answers 64 for "${args.join(' ')}" before it looks for anything`, async () => {
      const { code, out, problem } = await run(name, args)
      assert.deepEqual([code, out], [64, ''])
      assert.match(problem, says)
    })
  }
})
