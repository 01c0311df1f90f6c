import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { SandboxAddresses } from './tuesday/sandbox-addresses.ts'

const program = fileURLToPath(new URL('./run.ts', import.meta.url))
const started: ChildProcess[] = []

function run(args: readonly string[], stdin: 'pipe' | 'ignore' = 'ignore') {
  const child = spawn(process.execPath, [program, '--small', ...args], { stdio: [stdin, 'pipe', 'pipe'] })
  started.push(child)
  let out = ''
  let err = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr!.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  return { child, out: () => out, err: () => err }
}

async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

async function addressesOf(sandbox: ReturnType<typeof run>): Promise<SandboxAddresses> {
  await until('one JSON line', () => sandbox.out().includes('\n') || sandbox.child.exitCode !== null)
  return JSON.parse(sandbox.out()) as SandboxAddresses
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    () => false,
  )
}

describe('the sandbox program', () => {
  afterEach(async () => {
    for (const child of started.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  })

  it('prints one JSON object with everything in docs/sandbox.md, and keeps running with a silent standard input', async () => {
    const sandbox = run(['--json'])
    const { hubspot, salesforce } = await addressesOf(sandbox)
    for (const name of [
      'baseUrl',
      'pageUrl',
      'portalId',
      'appId',
      'token',
      'clientId',
      'clientSecret',
      'userToken',
      'controlSecret',
    ]) {
      assert.ok(name in hubspot, `hubspot.${name}`)
    }
    for (const name of [
      'loginUrl',
      'instanceUrl',
      'pubsubAddress',
      'pageUrl',
      'orgId',
      'clientId',
      'clientSecret',
      'userClientId',
      'userClientSecret',
      'pkceClientId',
      'controlSecret',
    ]) {
      assert.ok(name in salesforce, `salesforce.${name}`)
    }
    assert.equal(sandbox.out().trim().split('\n').length, 1)
    assert.ok((await answers(hubspot.pageUrl)) && (await answers(salesforce.pageUrl)))
    assert.equal(sandbox.child.exitCode, null)
  })

  it('prints both pages for a user, and Ctrl-C stops both CRMs within seconds', async () => {
    const sandbox = run([])
    await until('the greeting', () => sandbox.out().includes('Ctrl-C'))
    const pages = [...sandbox.out().matchAll(/http:\/\/127\.0\.0\.1:\d+\//g)].map(([url]) => url)
    assert.equal(new Set(pages).size, 2)
    const beganMs = Date.now()
    sandbox.child.kill('SIGINT')
    await once(sandbox.child, 'exit')
    assert.equal(sandbox.child.exitCode, 0)
    assert.ok(Date.now() - beganMs < 5000)
    for (const page of pages) assert.equal(await answers(page), false)
  })

  it('stops both CRMs even when it is killed without cleanup', async () => {
    const sandbox = run(['--json'])
    const { hubspot, salesforce } = await addressesOf(sandbox)
    sandbox.child.kill('SIGKILL')
    await until(
      'both CRMs are gone',
      async () => !(await answers(hubspot.pageUrl)) && !(await answers(salesforce.pageUrl)),
    )
  })

  it('ends when the program that holds its standard input ends', async () => {
    const sandbox = run(['--json'], 'pipe')
    await addressesOf(sandbox)
    sandbox.child.stdin!.end()
    await until('it has ended', () => sandbox.child.exitCode !== null)
  })

  it('names the port in use and the remedy', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const sandbox = run(['--hubspot-port', String(port)])
    await once(sandbox.child, 'exit')
    other.close()
    assert.equal(sandbox.child.exitCode, 2)
    assert.match(sandbox.err(), new RegExp(`port ${port} is in use.*--hubspot-port`))
  })

  it('refuses unknown options and invalid times', async () => {
    for (const [args, complaint] of [
      [['--sed', '3'], /no option --sed; did you mean --seed\?/],
      [['--now', 'yesterday'], /"yesterday"/],
      [['--seed', 'x'], /whole number/],
    ] as const) {
      const sandbox = run(args)
      await once(sandbox.child, 'close')
      assert.equal(sandbox.child.exitCode, 64)
      assert.match(sandbox.err(), complaint)
    }
  })
})
