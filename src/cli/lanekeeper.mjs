#!/usr/bin/env node
/**
 * The one entry point, in plain JavaScript for whatever Node >= 20 the machine has. Installs what is missing, then runs
 * the subcommand with the pinned Node from `node_modules`, which runs the TypeScript directly.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readCommandLine } from './command-line.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const MODULES = join(ROOT, 'node_modules')
const STAMP = join(MODULES, '.lanekeeper-installed')
const NODE_MIN = 20

const COMMANDS = {
  start: [
    'src/cli/start.ts',
    'everything on this machine, with sandbox CRMs until a CRM is connected (--own: without)',
  ],
  demo: ['src/cli/demo.ts', 'a messy Tuesday on temporary data, played to its end (--json)'],
  sandbox: ['sandbox/run.ts', 'the two sandbox CRMs alone (--json)'],
  connect: ['src/cli/connect.ts', 'connects a HubSpot portal or a Salesforce org, step by step (hubspot, salesforce)'],
  connections: ['src/cli/connections.ts', 'what is connected; ends a connection (disconnect ID)'],
  'hubspot-project': ['src/cli/hubspot-project.ts', "writes the HubSpot project with the app's scopes and webhooks"],
  'rotate-keys': ['src/cli/rotate-keys.ts', 'seals every credential with a new key, while everything runs'],
  explain: ['src/cli/explain.ts', 'a workflow in plain English'],
  policies: ['src/cli/policies.ts', 'compares policy files with what is in force, makes drafts of them (diff, push)'],
  scan: ['src/cli/scan.ts', 'reports all open cases as one page to share (--out FILE, --json)'],
  departure: ['src/cli/departure.ts', 'what still names somebody who left, and what rules would do (EMAIL, --json)'],
  admin: ['src/cli/admin.ts', 'makes somebody an admin and prints a link that signs them in (EMAIL)'],
  link: ['src/cli/link.ts', 'a link that signs somebody in once (EMAIL)'],
  export: ['src/cli/export.ts', 'saves ledger, connections and policies of a database of any version (--from, --out)'],
  'verify-ledger': ['src/cli/verify-ledger.ts', 'checks the chain of the ledger, also offline from an export'],
  migrate: ['src/cli/migrate.ts', 'brings the database of DATABASE_URL up to this version'],
  test: ['tools/run-tests.ts', 'all tests, or those whose paths are given'],
  check: ['tools/check.ts', 'types, lint, import rules and unused code'],
  generate: ['tools/generate.ts', 'rewrites the editor schema of policies and the tables of docs/patterns.md'],
  measure: ['tools/measure-structure.ts', 'the layout of the code in figures (--json, --root DIR)'],
  mutants: ['tools/mutate-unknown.ts', 'removes each unknown branch of the model and names those that no test misses'],
  bench: ['bench/run.ts', 'measures and compares with the budgets'],
  prove: [
    'test/prove/run.ts',
    'ends workers in the middle of writes and counts what was written twice (--runs, --seed)',
  ],
}

const asked = readCommandLine(process.argv.slice(2), COMMANDS, () => readFileSync(join(ROOT, 'package.json'), 'utf8'))
if (asked.says !== undefined) {
  if (asked.code !== 0) fail(asked.says, asked.code)
  console.log(asked.says)
  process.exit(0)
}
const { command, args, isHelp } = asked
const major = Number(process.versions.node.split('.')[0])
if (!(major >= NODE_MIN)) {
  fail(
    `Lanekeeper needs Node ${NODE_MIN} or newer to start, and this is ${process.version}. Install one from nodejs.org`,
  )
}
if (isHelp && !existsSync(pinnedNode())) {
  console.log(`${command}: ${COMMANDS[command][1]}\nIts options are shown once Lanekeeper is installed: npm ci`)
  process.exit(0)
}
// Help does nothing else, so it is shown by what is there.
if (!isHelp) await install()
run(COMMANDS[command][0])

/** Installs exactly what the lockfile says, when that is not what is there. */
async function install() {
  const wanted = lockDigest()
  if (existsSync(pinnedNode()) && readOrNull(STAMP) === wanted) return
  // npm install, npm ci and CI images leave everything in place without our stamp: take it if it is not older.
  if (existsSync(pinnedNode()) && isInstalledByNpm() && pinnedNodeRuns()) return stamp(wanted)
  const lock = await installLock()
  try {
    // Whoever held the lock may have done it for us.
    if (existsSync(pinnedNode()) && readOrNull(STAMP) === wanted) return
    await npmCi()
    if (!pinnedNodeRuns()) {
      fail(
        'The pinned Node was installed but does not run. npm may have been told to run no install scripts: try\n  npm ci --ignore-scripts=false',
      )
    }
    stamp(wanted)
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function lockDigest() {
  const file = join(ROOT, 'package-lock.json')
  if (!existsSync(file)) fail(`${file} is missing: this is not a whole checkout of Lanekeeper`)
  return createHash('sha256').update(readFileSync(file)).update(`${process.platform}-${process.arch}`).digest('hex')
}

function pinnedNode() {
  return join(MODULES, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

/** npm's own record of what it installed, compared package by package with what the lockfile wants. */
function isInstalledByNpm() {
  try {
    const installed = JSON.parse(readFileSync(join(MODULES, '.package-lock.json'), 'utf8')).packages
    const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
    return Object.entries(wanted).every(
      ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
    )
  } catch {
    return false
  }
}

function pinnedNodeRuns() {
  const { version } = JSON.parse(readFileSync(join(MODULES, 'node', 'package.json'), 'utf8'))
  const answer = spawnSync(pinnedNode(), ['--version'], { encoding: 'utf8' })
  return answer.status === 0 && answer.stdout.trim() === `v${version}`
}

function stamp(wanted) {
  try {
    writeFileSync(STAMP, wanted)
  } catch {
    // A read-only checkout: the next start looks again, which costs a tenth of a second.
  }
}

/** Two starts at once must not install over each other. A directory, because making one is atomic everywhere. */
async function installLock() {
  const lock = join(ROOT, 'node_modules.installing')
  for (let said = false; ; said = true) {
    try {
      mkdirSync(lock)
      writeFileSync(join(lock, 'pid'), String(process.pid))
      process.once('exit', () => rmSync(lock, { recursive: true, force: true }))
      return lock
    } catch (error) {
      if (error.code !== 'EEXIST') {
        fail(
          error.code === 'ENOSPC'
            ? 'The disk is full: about 700 MB are needed to install. Free some space and start again'
            : `Cannot install into ${ROOT} (${error.code}). Run "npm ci" there as a user who may write to it`,
        )
      }
    }
    if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true })
    else if (!said) console.error('Another start is installing already; waiting for it')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

function isAbandoned(lock) {
  const pid = Number(readOrNull(join(lock, 'pid')))
  try {
    if (pid > 0) process.kill(pid, 0)
    // A killed start whose id another program has by now, or that is a zombie, holds nothing.
    if (
      pid > 0 &&
      process.platform === 'linux' &&
      !/lanekeeper|npm/.test(readOrNull(`/proc/${pid}/cmdline`) ?? 'lanekeeper')
    )
      return true
    // Without a pid yet it is brand new, or its maker was killed at once.
    return !(pid > 0) && Date.now() - statSync(lock).mtimeMs > 10_000
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function npmCi() {
  return new Promise((resolve) => {
    const startedAt = Date.now()
    const shown = process.stderr.isTTY
    process.stderr.write(`Installing what Lanekeeper needs, once; this takes a minute or two${shown ? '' : '\n'}`)
    const ticker = setInterval(() => {
      const seconds = Math.round((Date.now() - startedAt) / 1000)
      if (shown) process.stderr.write(`\r\x1b[2KInstalling what Lanekeeper needs, once ... ${seconds} s`)
      else if (seconds % 15 === 0) process.stderr.write(`  still installing, ${seconds} s\n`)
    }, 1_000)
    // ignore-scripts off: the pinned Node and Postgres put their binaries in place in theirs. Which packages may run
    // scripts at all is said in package.json.
    const child = spawn(npmCommand(), ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts=false'], {
      cwd: ROOT,
      env: npmEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    let noise = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        noise = (noise + chunk).slice(-20_000)
      })
    }
    const done = (problem) => {
      clearInterval(ticker)
      if (shown) process.stderr.write('\r\x1b[2K')
      if (problem === null) {
        process.stderr.write(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s\n`)
        resolve()
        return
      }
      process.stderr.write(`${noise.trim()}\n`)
      fail(`The installation failed (${problem}). ${adviceFor(noise)}`)
    }
    child.once('error', (error) => done(error.code === 'ENOENT' ? 'npm was not found' : error.message))
    child.once('close', (code, signal) => done(code === 0 ? null : `npm ended with ${signal ?? `code ${code}`}`))
    passOnSignals(child)
  })
}

function adviceFor(noise) {
  if (/ENOSPC/.test(noise)) return 'The disk is full: about 700 MB are needed'
  if (/ENOTFOUND|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN|ECONNRESET/.test(noise)) {
    return 'The package registry cannot be reached: check the network or proxy and start again'
  }
  if (/EACCES|EPERM/.test(noise)) return `Start as a user who may write to ${ROOT}`
  return 'What npm said stands above'
}

/** What `npm start` puts into the environment of its scripts would turn into options of the inner npm. */
function npmEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(config_(?!.*(registry|proxy|cafile|userconfig|globalconfig|cache))|package_|lifecycle_)/i.test(name),
    ),
  )
}

function npmCommand() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm'
}

function run(file) {
  if (!existsSync(join(ROOT, file))) fail(`The command "${command}" is not part of this version: ${file} is missing`)
  const child = spawn(pinnedNode(), [join(ROOT, file), ...args], {
    // A channel besides the three streams: when we are killed it closes, and the child can stop in order.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // The caller's directory stays, so that relative paths mean what they say.
    env: {
      // Compiled code of all processes: a second start takes about half as long.
      NODE_COMPILE_CACHE: join(MODULES, '.cache', 'compiled'),
      ...process.env,
      PATH: `${join(MODULES, '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}`,
    },
  })
  child.once('error', (error) => fail(`Cannot run ${pinnedNode()}: ${error.message}`))
  child.once('exit', (code, signal) => {
    if (signal) {
      // The same end for us, so that a shell sees what happened.
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
      process.kill(process.pid, signal)
      return
    }
    process.exit(code ?? 1)
  })
  passOnSignals(child)
  stopWhenNpmIsGone(child)
}

function passOnSignals(child) {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name))
}

/** npm that is killed cannot tell us; what it started must not run on unseen. */
function stopWhenNpmIsGone(child) {
  if (process.env.npm_lifecycle_event === undefined || process.platform !== 'linux') return
  const ancestors = () => {
    const chain = [process.ppid]
    // The shell between npm and us survives it, so its parent is looked at too.
    const stat = readOrNull(`/proc/${process.ppid}/stat`)
    if (stat) chain.push(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    return chain.join()
  }
  const atStart = ancestors()
  const timer = setInterval(() => {
    if (ancestors() === atStart) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, 1_000)
  timer.unref()
}

function readOrNull(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function fail(message, code = 1) {
  console.error(message)
  process.exit(code)
}
