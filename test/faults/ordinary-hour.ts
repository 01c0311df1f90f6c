import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { assertCasesHaveTasks, assertLedgerVerifies, assertNoDuplicateTasks } from '../e2e/final-state.ts'
import type { TestStack } from '../e2e/stack.ts'
import { type Day, type DayOptions, startDay } from './day.ts'

/** Ids of what the hour made or touched, by what it is for. */
export type Hour = {
  readonly asks: { readonly hubspot: string; readonly salesforce: string }
  readonly routed: { readonly hubspot: string; readonly salesforce: string }
}

/**
 * What people do in both CRMs in an ordinary hour: somebody whom a person has to look at (the policy says so for Japan),
 * somebody whom a rule gives to an owner, a gap that is filled, and a change that concerns nobody.
 */
export async function ordinaryHour(day: Day): Promise<Hour> {
  const { people, change } = day
  const [queue] = await people.query<{ Id: string }>("SELECT Id FROM Group WHERE DeveloperName = 'Inbound_leads'")
  const lead = (name: string, country: string) =>
    people.create('Lead', {
      LastName: name,
      Company: `${name} Works`,
      Email: `${name.toLowerCase()}@${name.toLowerCase()}-works.de`,
      Country: country,
      Status: 'New',
      OwnerId: queue!.Id,
    })
  const contact = (name: string, country: string) =>
    change({
      op: 'create',
      objectType: 'contacts',
      properties: {
        lastname: name,
        email: `${name.toLowerCase()}@${name.toLowerCase()}-plant.de`,
        company: `${name} Plant`,
        country,
        lifecyclestage: 'lead',
      },
    })
  const asks = { hubspot: await contact('Sato', 'Japan'), salesforce: await lead('Mori', 'Japan') }
  const routed = { hubspot: await contact('Weber', 'Germany'), salesforce: await lead('Krause', 'Germany') }
  await fillGap(day)
  await change({ op: 'update', objectType: 'contacts', id: routed.hubspot, properties: { jobtitle: 'Buyer' } })
  return { asks, routed }
}

/** The blank country of one company in each CRM is filled in, so that its case is over. */
async function fillGap({ rows, change, people }: Day): Promise<void> {
  const found = await rows<{ object_type: string; record_id: string }>(
    sql`select distinct on (object_type) object_type, record_id from exception
      where status = 'open' and pattern = 'missing-field' and subject ~ '/(country|BillingCountry)$'
        and object_type in ('companies', 'Account') order by object_type, title`,
  )
  assert.equal(found.length, 2, 'a blank country in either CRM')
  for (const { object_type: objectType, record_id: id } of found) {
    if (objectType === 'companies') await change({ op: 'update', objectType, id, properties: { country: 'France' } })
    else await people.update(objectType, id, { BillingCountry: 'France' })
  }
}

/** What is there in the end, in words that two days share: our ids and those of new records differ from day to day. */
export async function finalState(day: Day): Promise<string> {
  const cases = await day.rows<Record<string, string>>(
    sql`select c.crm, e.workflow, e.pattern, e.class, e.object_type, e.title, e.owner_email from exception e
      join connection c on c.id = e.connection_id where e.status = 'open'`,
  )
  const records = await day.rows<Record<string, string | null>>(
    sql`select c.crm, r.object_type, coalesce(r.values->>'email', r.values->>'Email', r.values->>'name', r.values->>'Name',
        r.values->>'dealname') as name, coalesce(u.email, u.name) as owner, r.deleted::text,
        coalesce(r.values->>'country', r.values->>'Country', r.values->>'BillingCountry', r.values->>'MailingCountry') as country
      from record r join connection c on c.id = r.connection_id
      left join crm_user u on u.connection_id = r.connection_id and u.user_id = r.owner_id
      where r.object_type not in ('tasks', 'Task')`,
  )
  const tasks = (['hubspot', 'salesforce'] as const).map(async (crm) =>
    (await day.control[crm].tasks())
      .filter(({ key }) => key?.startsWith('lk-'))
      // Without the tag that stands in for a key where the CRM enforces none.
      .map((task) => `task ${crm} ${task.open ? 'open' : 'closed'} ${task.ownerEmail} ${task.subject}`),
  )
  return [
    ...cases.map((row) => `case ${Object.values(row).join(' ')}`),
    ...records.map((row) => `record ${Object.values(row).join(' ')}`),
    ...(await Promise.all(tasks)).flat(),
  ]
    .sort()
    .join('\n')
}

let withoutFault: Promise<string> | null = null

/** The end of the same hour on a day on which nothing went wrong. Once per test file. */
async function stateWithoutFault(): Promise<string> {
  const day = await startDay()
  try {
    await ordinaryHour(day)
    await day.untilQuiet()
    return await finalState(day)
  } finally {
    await day.stop()
  }
}

export type SameOptions = DayOptions & {
  /** False: tasks that the fault itself brought and that are closed again are no difference. */
  readonly closedTasks?: boolean
  /** False: the fault stays, so the day ends otherwise. Still nothing is there twice. */
  readonly same?: boolean
}

/** A day with a fault in it: ends as the day without it did, with no task twice, every case with its task. */
export async function sameAsWithoutFault(fault: (day: Day) => Promise<void>, options: SameOptions = {}): Promise<void> {
  withoutFault ??= stateWithoutFault()
  const expected = await withoutFault
  const day = await startDay(options)
  try {
    await fault(day)
    await day.untilQuiet()
    const seen = (state: string) =>
      options.closedTasks === false ? state.replaceAll(/^task \w+ closed .*\n?/gm, '').trimEnd() : state
    if (options.same !== false) assertSameState(seen(await finalState(day)), seen(expected))
    await assertNothingTwice(day)
  } finally {
    await day.stop()
  }
}

/** Names only what differs: the whole is a thousand lines. */
function assertSameState(actual: string, expected: string): void {
  const rest = expected.split('\n')
  const surplus = actual.split('\n').filter((line) => {
    const at = rest.indexOf(line)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  assert.deepEqual({ surplus, missing: rest }, { surplus: [], missing: [] })
}

/** The CRMs' own task lists are the witness. */
export async function assertNothingTwice(day: Day): Promise<void> {
  const witness = { db: day.db, ...day.control } as unknown as TestStack
  await assertNoDuplicateTasks(witness)
  await assertCasesHaveTasks(witness)
  await assertLedgerVerifies(witness)
}
