import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { salesforceUser } from '../../sandbox/tuesday/crm-user.ts'
import { exportDatabase } from '../../src/store/export/export-database.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { canaryIn } from '../support/canary.ts'
import { one, polled, quiet, startTestStack, type TestStack, until } from './stack.ts'

/** In every personal value of a person, and nowhere else: of the one who is erased, and of another who stays. */
const CANARY = 'kanarienvogel'
const PHONE = '+498912345671'
const STAYS = 'zaunkoenig'

/** What goes wrong while the person's records are read and written: errors that quote what they choked on. */
const FAULTS = ['truncated', 'html', '500'] as const

describe('a person whose name is a canary, with logs of every level', { timeout: 240_000 }, () => {
  let test: TestStack
  let directory: string
  const logged: string[] = []
  let complaints = 0

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lanekeeper-privacy-'))
    test = await startTestStack({
      environment: { LOG_LEVEL: 'trace' },
      stack: {
        onLog(name, line) {
          if (/"level":[45]0/.test(line)) complaints += 1
          if (names(line)) logged.push(`${name}: ${line}`)
        },
      },
    })
    await quiet(test)
  })
  after(async () => {
    await test?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  it('stands in no log and no export while calls about the person fail, and after the erasure in no table', async () => {
    const contacts = await makePeople(test)
    await until('both people have an open case', () => bothHaveCases(test))
    for (const kind of FAULTS) {
      const before = complaints
      await test.hubspot.fault({ kind, path: '/crm/', times: 1_000 })
      await test.salesforce.fault({ kind, path: '/services/data', times: 1_000 })
      await rename(test, contacts[0]!, kind)
      await until(`something is logged about "${kind}"`, () => complaints > before, 40_000)
      await test.hubspot.clearFaults()
      await test.salesforce.clearFaults()
      await quiet(test)
    }
    await polled(test)
    await quiet(test)
    assert.ok(
      (await canaryIn(test.db, CANARY)).length > 4 && (await canaryIn(test.db, STAYS)).length > 4,
      'nothing to erase: the test proves nothing',
    )
    assert.deepEqual(await exportedFiles(test, join(directory, 'before')), [])

    await erase(test, contacts)
    await until('no table has the person', async () => (await canaryIn(test.db, CANARY)).length === 0, 60_000)
    await polled(test)
    await quiet(test)
    assert.deepEqual(await canaryIn(test.db, CANARY), [])
    assert.deepEqual(await canaryIn(test.db, PHONE), [])
    assert.deepEqual(await exportedFiles(test, join(directory, 'after')), [])
    assert.ok((await verifyLedger(test.db)).ok)
    assert.deepEqual(logged, [])
  })
})

function names(text: string): boolean {
  const lower = text.toLowerCase()
  return [CANARY, STAYS, PHONE].some((value) => lower.includes(value))
}

/** A person with two contacts in HubSpot, and another as a lead in Salesforce. The policy asks a person about Japan. */
async function makePeople(test: TestStack): Promise<string[]> {
  const email = `${CANARY}@${CANARY}-werke.example.com`
  const contact = (firstname: string) => ({
    op: 'create',
    objectType: 'contacts',
    properties: {
      firstname,
      lastname: 'Kanarienvogel',
      email: firstname === 'Zoe' ? email : `zweiter.${email}`,
      phone: PHONE,
      company: 'Kanarienvogel Werke',
      country: 'Japan',
      lifecyclestage: 'lead',
    },
  })
  const { results } = await test.hubspot.post<{ results: { ok: boolean; id: string }[] }>('changes', {
    changes: [contact('Zoe'), contact('Zoë')],
  })
  const people = await salesforceUser(test.sandbox.salesforce)
  await people.create('Lead', {
    FirstName: 'Zoe',
    LastName: 'Zaunkoenig',
    Company: 'Zaunkoenig Werke',
    Email: 'zaunkoenig@zaunkoenig-werke.example.com',
    Phone: '+498912345672',
    Country: 'Japan',
    Status: 'New',
  })
  return results.map(({ id }) => id)
}

async function rename(test: TestStack, id: string, kind: string): Promise<void> {
  const changes = [{ op: 'update', objectType: 'contacts', id, properties: { jobtitle: `Kanarienvogel ${kind}` } }]
  await test.hubspot.post('changes', { changes })
}

async function erase(test: TestStack, contacts: readonly string[]): Promise<void> {
  const changes = contacts.map((id) => ({ op: 'erase', objectType: 'contacts', id }))
  await test.hubspot.post('changes', { changes })
}

async function bothHaveCases({ db }: TestStack): Promise<boolean> {
  const { n } = await one<{ n: number }>(
    db,
    sql`select count(distinct connection_id)::int as n from exception
      where status = 'open' and (title ilike ${`%${CANARY}%`} or title ilike ${`%${STAYS}%`})`,
  )
  return n === 2
}

/** The exported files that name the person. */
async function exportedFiles({ db }: TestStack, directory: string): Promise<string[]> {
  await exportDatabase(db, { directory, keptCheckpoints: [], now: new Date() })
  const found: string[] = []
  for (const file of await readdir(directory)) {
    if (names(await readFile(join(directory, file), 'utf8'))) found.push(file)
  }
  return found
}
