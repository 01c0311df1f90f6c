import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { audit } from '../world/audit/audit.ts'
import { labelKey } from '../world/audit/label-key.ts'
import { type HubSpotUser, hubspotUser, type SalesforceUser, salesforceUser } from './crm-user.ts'
import { somebodyDoesSomething } from './living.ts'
import type { SandboxAddresses } from './sandbox-addresses.ts'
import { auditStateOf, type Snapshot, takeSnapshot } from './snapshot.ts'
import { playTuesday, type Tuesday } from './tuesday.ts'
import { enterWorkplace } from './workplace.ts'

const program = fileURLToPath(new URL('../run.ts', import.meta.url))

/** What a reader of both CRMs finds, and what the labels say, each without the other. */
function differences(state: Snapshot, expected: readonly string[], seen = audit(auditStateOf(state), Date.now())) {
  const found = new Set(seen.map(labelKey))
  const labelled = new Set(expected)
  return {
    unlabelled: [...found].filter((key) => !labelled.has(key)),
    notThere: [...labelled].filter((key) => !found.has(key)),
  }
}

/** Salesforce keeps no history of owners, so a fight there can only be seen while it happens. */
const seenLater = (key: string) => !/^ownership-flapping salesforce/.test(key)

describe('the scripted Tuesday, played through the public APIs', () => {
  let sandbox: ChildProcess
  let addresses: SandboxAddresses
  let hubspot: HubSpotUser
  let salesforce: SalesforceUser
  let day: Tuesday
  let morning: Snapshot
  const steps: string[] = []

  before(async () => {
    sandbox = spawn(process.execPath, [program, '--json', '--small', '--seed', '3'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const [line] = (await Promise.race([
      createInterface({ input: sandbox.stdout! })
        [Symbol.asyncIterator]()
        .next()
        .then((next) => [next.value]),
      new Promise((_, reject) => sandbox.once('exit', () => reject(new Error('the sandbox did not start')))),
    ])) as [string]
    addresses = JSON.parse(line) as SandboxAddresses
    hubspot = hubspotUser(addresses.hubspot)
    salesforce = await salesforceUser(addresses.salesforce)
    morning = await takeSnapshot(hubspot, salesforce, { history: true })
    day = await playTuesday({ ...addresses, onStep: (step) => steps.push(step) })
  })
  after(async () => {
    const gone = new Promise((resolve) => sandbox.once('exit', resolve))
    sandbox.kill('SIGTERM')
    await gone
  })

  it('starts from a state with exact labels, as the APIs show it', () => {
    assert.deepEqual(differences(morning, morning.labels.map(labelKey)), { unlabelled: [], notThere: [] })
  })

  it('makes several hundred changes in named steps', () => {
    assert.ok(day.changes >= 300 && day.changes <= 600, `${day.changes} changes`)
    assert.ok(steps.length >= 8)
  })

  it('leaves exactly the labeled defects, except those that people fixed', async () => {
    const evening = await takeSnapshot(hubspot, salesforce, { history: true })
    const mended = new Set(day.mended.map(labelKey))
    const expected = evening.labels.map(labelKey).filter((key) => !mended.has(key))
    assert.equal(new Set(expected).size, expected.length, 'a label stands twice')
    assert.deepEqual(differences(evening, expected.filter(seenLater)), { unlabelled: [], notThere: [] })
    assert.equal(evening.labels.length, morning.labels.length + day.labels.length)
    assert.ok(mended.size >= 20, `${mended.size} mended`)
  })

  it('causes every pattern except the stale field, which takes weeks', () => {
    const patterns = new Set(day.labels.map((label) => label.pattern))
    assert.deepEqual([...patterns].sort(), [
      'branch-review',
      'duplicate-ownership',
      'missing-field',
      'no-rule',
      'orphaned-owner',
      'ownership-flapping',
      'stale-territory',
    ])
  })

  it('is followed by ordinary days whose defects all have labels', async () => {
    const evening = await takeSnapshot(hubspot, salesforce, { history: true })
    const open = differences(evening, evening.labels.map(labelKey)).notThere
    const work = await enterWorkplace(addresses, 77)
    for (let i = 0; i < 150; i++) await somebodyDoesSomething(work)
    const later = await takeSnapshot(hubspot, salesforce, { history: true })
    const expected = later.labels.map(labelKey).filter((key) => !open.includes(key))
    assert.deepEqual(differences(later, expected), { unlabelled: [], notThere: [] })
    assert.ok(work.changes() > 100)
  })
})
