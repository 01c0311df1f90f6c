import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../sandbox/hubspot/main.ts', import.meta.url))

type Program = { child: ChildProcess; line: Record<string, unknown>; output: () => string }

async function start(...args: string[]): Promise<Program> {
  const child = spawn(
    process.execPath,
    [MAIN, '--scale', '0.1', '--seed', '7', '--now', '2026-11-20T08:00:00Z', ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout!.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8')
  })
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return { child, line: JSON.parse(line) as Record<string, unknown>, output: () => output }
}

async function listOf({ line }: Program): Promise<unknown> {
  const headers = { authorization: `Bearer ${String(line.token)}` }
  const response = await fetch(`${String(line.baseUrl)}/crm/v3/objects/contacts?limit=100&properties=email`, {
    headers,
  })
  return (await response.json()) as unknown
}

describe('HubSpot sandbox: the program', () => {
  it('prints one JSON line, serves the same data for the same seed, and stops on SIGTERM', async () => {
    const [one, two] = await Promise.all([start('--token', 'given', '--living'), start()])
    try {
      assert.deepEqual(Object.keys(one.line).toSorted(), [
        'appId',
        'baseUrl',
        'clientId',
        'clientSecret',
        'controlSecret',
        'pageUrl',
        'portalId',
        'token',
        'userToken',
      ])
      assert.equal(one.line.token, 'given')
      assert.equal(one.line.portalId, two.line.portalId)
      assert.notEqual(one.line.clientSecret, two.line.clientSecret)
      assert.deepEqual(await listOf(one), await listOf(two))
      assert.equal(one.output().trimEnd().split('\n').length, 1)
    } finally {
      const exits = [one, two].map(({ child }) => once(child, 'exit'))
      for (const { child } of [one, two]) child.kill('SIGTERM')
      assert.deepEqual(
        (await Promise.all(exits)).map(([code]) => code),
        [0, 0],
      )
    }
  })

  it('stops when its stdin closes, so that it never outlives the program that started it', async () => {
    const { child } = await start()
    const exit = once(child, 'exit')
    child.stdin!.end()
    assert.deepEqual(await exit, [0, null])
  })

  it('says in one sentence what is wrong with its options', async () => {
    const child = spawn(process.execPath, [MAIN, '--now', 'tomorrow'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
    })
    const [code] = await once(child, 'close')
    assert.deepEqual([code, said], [2, 'hubspot sandbox: --now has to be an ISO instant\n'])
  })
})
