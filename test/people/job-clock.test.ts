import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { MailError } from '../../src/mail/mail-error.ts'
import type { Mail } from '../../src/mail/send-mail.ts'
import { runJobClock } from '../../src/people/run-job-clock.ts'
import { sendJobMails } from '../../src/people/send-job-mails.ts'
import { makeAdmin } from '../../src/store/people/admins.ts'
import { confirmIdentity, crmIdentity, mailIdentity } from '../../src/store/people/identities.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { createPerson, type PersonId } from '../../src/store/people/persons.ts'
import { type Harness, routingHarnesses } from '../pipeline/harness.ts'

const start = routingHarnesses()
const DAY = 86_400

type Who = { readonly id: PersonId; readonly email: string }

async function withPerson(h: Harness, name: string, { inCrm = true } = {}): Promise<Who> {
  const email = `${name.toLowerCase()}@x.example`
  const id = await createPerson(h.db, { name, madeBy: 'terminal' })
  const at = { email, by: 'terminal' }
  if (inCrm) {
    const userId = h.crm.person(email)
    await h.people()
    await confirmIdentity(h.db, id, crmIdentity({ crm: 'hubspot', accountId: '1', userId }), at)
  } else await confirmIdentity(h.db, id, mailIdentity(email), at)
  return { id, email }
}

async function offer(h: Harness, to: Who, by: Who, lane = 'boundary'): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into job (workflow, lane, person_id, offered_by) values ('routing', ${lane}, ${to.id}, ${`person:${by.id}`})
    returning id`.execute(h.db)
  return rows[0]!.id
}

async function accepted(h: Harness, by: Who, lane: string, circle: string | null = null): Promise<void> {
  await sql`insert into job (workflow, lane, circle, person_id, offered_by, accepted_at, confirm_by)
    values ('routing', ${lane}, ${circle}, ${by.id}, 'terminal', now(), now() + interval '1 year')`.execute(h.db)
  await refreshLaneHolders(h.db, null)
}

/** As if everything had been offered and confirmed that much earlier. */
const passDays = (h: Harness, days: number) =>
  sql`with j as (update job set offered_at = offered_at - ${days * DAY} * interval '1 second',
        confirm_by = confirm_by - ${days * DAY} * interval '1 second')
      update job_due set at = at - ${days * DAY} * interval '1 second', of_at = of_at - ${days * DAY} * interval '1 second'`.execute(
    h.db,
  )

const run = (h: Harness, canMail = false) => runJobClock(h.db, { publicUrl: 'http://console', canMail })

async function tick(h: Harness) {
  const did = await run(h)
  await h.act()
  return did
}

const open = (h: Harness) =>
  h.crm
    .openTasks()
    .map(({ subject }) => subject)
    .sort()

const endReason = async (h: Harness, id: number) =>
  (await sql<{ r: string | null }>`select end_reason as r from job where id = ${id}`.execute(h.db)).rows[0]!.r

/** A workflow that is to write, with people in every job but the boundary owner's. */
async function staffed() {
  const h = await start()
  await sql`update connection set base_url = 'https://api.x.example'`.execute(h.db)
  await sql`update workflow set jobs_from = now()`.execute(h.db)
  const owner = await withPerson(h, 'Wanda')
  for (const lane of ['override', 'rollback', 'data', 'workflow']) await accepted(h, owner, lane)
  for (const circle of ['general', 'senior', 'approved']) await accepted(h, owner, 'review', circle)
  return { h, owner }
}

describe('part of M20: a job that is offered', () => {
  it('is a task in the CRM of whom it is offered to, once, until they answer', async () => {
    const { h, owner } = await staffed()
    const pat = await withPerson(h, 'Pat')
    const id = await offer(h, pat, owner)
    await tick(h)
    await tick(h)
    assert.deepEqual(open(h), ['Will you be boundary owner of Contact routing?'])
    const [task] = h.crm.openTasks()
    assert.match(task!.body, /^Wanda asks you to be boundary owner of the workflow "Contact routing"\./)
    assert.match(task!.body, new RegExp(`decides nothing: accept or decline here: http://console/people\\?job=${id}$`))
    await sql`update job set accepted_at = now() where id = ${id}`.execute(h.db)
    await refreshLaneHolders(h.db, null)
    await tick(h)
    assert.deepEqual(open(h), [])
    assert.match([...h.crm.tasks.values()][0]!.body, /^Closed automatically: Pat accepted\./)
  })

  it('reminds once after 2 business days and is vacant after 5, which becomes a task of the workflow owner', async () => {
    const { h, owner } = await staffed()
    const pat = await withPerson(h, 'Pat')
    const id = await offer(h, pat, owner)
    await tick(h)
    assert.deepEqual(await tick(h), { reminded: 0, ended: 0, standIns: 0 })
    await passDays(h, 5)
    assert.deepEqual(await tick(h), { reminded: 1, ended: 0, standIns: 0 })
    assert.deepEqual(open(h), ['Reminder: Will you be boundary owner of Contact routing?'])
    assert.deepEqual(await tick(h), { reminded: 0, ended: 0, standIns: 0 })
    await passDays(h, 6)
    assert.deepEqual(await tick(h), { reminded: 0, ended: 1, standIns: 0 })
    assert.equal(await endReason(h, id), 'not-answered')
    assert.deepEqual(open(h), ['Contact routing has no boundary owner'])
    const [vacancy] = h.crm.openTasks()
    assert.match(
      vacancy!.body,
      /^Pat did not answer within 5 business days\.\nWithout a boundary owner, the rules grow/,
    )
    const { rows } = await sql<{ actor: string }>`select actor from ledger where kind = 'job-ended'`.execute(h.db)
    assert.deepEqual(rows, [{ actor: 'lanekeeper' }])
  })

  it('is vacant as soon as its holder is no active user', async () => {
    const { h } = await staffed()
    const pat = await withPerson(h, 'Pat')
    await accepted(h, pat, 'boundary')
    await tick(h)
    assert.deepEqual(open(h), [])
    await sql`update crm_user set active = false where email = 'pat@x.example'`.execute(h.db)
    await refreshLaneHolders(h.db, null)
    await tick(h)
    assert.deepEqual(open(h), ['Contact routing has no boundary owner'])
    assert.match(h.crm.openTasks()[0]!.body, /^Pat holds it and is not an active user any more\./)
  })

  it('that was answered in the last moment does not end', async () => {
    const { h, owner } = await staffed()
    const id = await offer(h, await withPerson(h, 'Pat'), owner)
    await tick(h)
    await passDays(h, 12)
    await sql`update job set accepted_at = now() where id = ${id}`.execute(h.db)
    assert.deepEqual(await tick(h), { reminded: 0, ended: 0, standIns: 0 })
    assert.equal(await endReason(h, id), null)
  })

  it('moves to no other CRM while its person is a user of the first, and closes when they are none', async () => {
    const { h, owner } = await staffed()
    await offer(h, await withPerson(h, 'Pat'), owner)
    await tick(h)
    await sql`update crm_user set active = false where email = 'pat@x.example'`.execute(h.db)
    await tick(h)
    assert.deepEqual(open(h), [])
  })
})

describe('a job that nobody holds', () => {
  it('is one task, which closes itself when somebody is asked, and is another one when they decline', async () => {
    const { h, owner } = await staffed()
    await tick(h)
    await tick(h)
    assert.deepEqual(open(h), ['Contact routing has no boundary owner'])
    const id = await offer(h, await withPerson(h, 'Pat'), owner)
    await tick(h)
    assert.deepEqual(open(h), ['Will you be boundary owner of Contact routing?'])
    await sql`update job set declined_at = now(), ended_at = now(), end_reason = 'declined' where id = ${id}`.execute(
      h.db,
    )
    await tick(h)
    assert.deepEqual(open(h), ['Contact routing has no boundary owner'])
    assert.match(h.crm.openTasks()[0]!.body, /^Pat declined\./)
  })

  it('goes to an admin where neither workflow nor boundary owner is there, and to nobody in a draft never staffed', async () => {
    const h = await start()
    await sql`update connection set base_url = 'https://api.x.example'`.execute(h.db)
    const admin = await withPerson(h, 'Ada')
    await makeAdmin(h.db, admin.id, 'terminal')
    await refreshLaneHolders(h.db, null)
    await sql`update workflow set mode = 'draft'`.execute(h.db)
    await tick(h)
    assert.deepEqual(open(h), [])
    await sql`update workflow set mode = 'live'`.execute(h.db)
    await tick(h)
    // Until a first job is offered, the people of the file go on.
    assert.deepEqual(open(h), [])
    await sql`update workflow set jobs_from = now()`.execute(h.db)
    await tick(h)
    // Whoever becomes workflow owner names the others.
    assert.deepEqual(open(h), ['Contact routing has no workflow owner'])
  })
})

describe('part of M20: a job that was accepted', () => {
  it('is to be confirmed when its time is over, with a reminder, and ends without an answer', async () => {
    const { h } = await staffed()
    const pat = await withPerson(h, 'Pat')
    await accepted(h, pat, 'boundary')
    await tick(h)
    assert.deepEqual(open(h), [])
    await sql`update job set confirm_by = now() - interval '1 minute' where person_id = ${pat.id}`.execute(h.db)
    await tick(h)
    assert.deepEqual(open(h), ['Are you still boundary owner of Contact routing?'])
    await passDays(h, 5)
    assert.deepEqual(await tick(h), { reminded: 1, ended: 0, standIns: 0 })
    assert.deepEqual(open(h), ['Reminder: Are you still boundary owner of Contact routing?'])
    await passDays(h, 6)
    assert.equal((await tick(h)).ended, 1)
    assert.deepEqual(open(h), ['Contact routing has no boundary owner'])
  })

  it('is left alone once it was confirmed', async () => {
    const { h } = await staffed()
    const pat = await withPerson(h, 'Pat')
    await accepted(h, pat, 'boundary')
    await sql`update job set confirm_by = now() - interval '1 minute' where person_id = ${pat.id}`.execute(h.db)
    await tick(h)
    await sql`update job set confirm_by = now() + interval '1 year' where person_id = ${pat.id}`.execute(h.db)
    await passDays(h, 20)
    assert.deepEqual(await tick(h), { reminded: 0, ended: 0, standIns: 0 })
    assert.match([...h.crm.tasks.values()][0]!.body, /^Closed automatically: the job is confirmed\./)
  })
})

describe('an absence', () => {
  it('begins and ends by the clock, at midnight in the zone of whoever is away', async () => {
    const { h, owner } = await staffed()
    const pat = await withPerson(h, 'Pat')
    await accepted(h, pat, 'review', 'general')
    await sql`update crm_user set time_zone = 'Pacific/Kiritimati' where email = 'wanda@x.example'`.execute(h.db)
    // Where it is 14 hours later than in UTC, and where it is 11 hours earlier.
    const today = sql<string>`day_in_zone('Pacific/Kiritimati', now())`
    await sql`insert into absence (person_id, from_day, until_day, delegate_id, made_by)
      values (${owner.id}, ${today}, ${today}, ${pat.id}, 'terminal')`.execute(h.db)
    const delegates = async () =>
      (
        await sql<{ who: string; until: Date }>`
          select person_id as who, until from lane_holder where role = 'delegate'`.execute(h.db)
      ).rows
    assert.deepEqual(await delegates(), [])
    assert.equal((await run(h)).standIns, 1)
    const [standsIn] = await delegates()
    assert.equal(standsIn?.who, pat.id)
    const { rows } = await sql<{ end: Date }>`
      select end_of_day_in_zone('Pacific/Kiritimati', ${today}) as end`.execute(h.db)
    assert.equal(standsIn?.until.getTime(), rows[0]!.end.getTime())
    assert.equal((await run(h)).standIns, 0)
    await sql`update absence set from_day = from_day - 1, until_day = until_day - 1`.execute(h.db)
    assert.equal((await run(h)).standIns, 1)
    assert.deepEqual(await delegates(), [])
  })
})

describe('mail about jobs', () => {
  const mailbox = () => {
    const mails: Mail[] = []
    const box = {
      mails,
      refuses: false,
      send: async (mail: Mail) => {
        if (box.refuses) throw new MailError('mail.x.example takes no mail now.', 'server', null)
        mails.push(mail)
      },
      check: async () => undefined,
      close: () => undefined,
    }
    return box
  }

  it('reaches a person who is no user of a CRM, once, with a link, and at most every 15 minutes', async () => {
    const { h, owner } = await staffed()
    const pat = await withPerson(h, 'Pat', { inCrm: false })
    const box = mailbox()
    const id = await offer(h, pat, owner)
    const turn = async () => {
      await run(h, true)
      await sendJobMails(h.db, box)
    }
    await turn()
    await turn()
    assert.deepEqual(
      box.mails.map(({ to, subject }) => [to, subject]),
      [['pat@x.example', 'Will you be boundary owner of Contact routing?']],
    )
    assert.match(box.mails[0]!.text, new RegExp(`Answer here: http://console/people\\?job=${id}$`))
    assert.equal(h.crm.tasks.size, 0)
    await offer(h, pat, owner, 'override')
    await offer(h, pat, owner, 'data')
    await turn()
    assert.equal(box.mails.length, 1)
    await sql`update job_message set sent_at = sent_at - interval '16 minutes'`.execute(h.db)
    await turn()
    assert.deepEqual(box.mails.map(({ subject }) => subject).slice(1), ['2 messages about jobs in Lanekeeper'])
  })

  it('tells the owners who remain whom somebody named, once, and none who came later or asked', async () => {
    const { h, owner } = await staffed()
    const pat = await withPerson(h, 'Pat', { inCrm: false })
    const dana = await withPerson(h, 'Dana')
    await accepted(h, dana, 'boundary')
    const late = await withPerson(h, 'Late')
    const id = await offer(h, pat, owner, 'rollback')
    await sql`update job set ended_at = now(), end_reason = 'replaced' where lane = 'data'`.execute(h.db)
    await accepted(h, late, 'data')
    const box = mailbox()
    for (let turn = 0; turn < 2; turn += 1) {
      await run(h, true)
      await sendJobMails(h.db, box)
    }
    const told = box.mails.filter(({ subject }) => subject.includes(' asked '))
    assert.deepEqual(
      told.map(({ to, subject }) => [to, subject]),
      [['dana@x.example', 'Wanda asked Pat to be rollback owner of Contact routing']],
    )
    assert.match(told[0]!.text, /Nothing changes until Pat accepts\./)
    const { rows } = await sql`select 1 from job_message where job_id = ${id} and person_id = ${pat.id}`.execute(h.db)
    assert.equal(rows.length, 1)
  })

  it('that the server refuses is tried again later, and the reason is kept', async () => {
    const { h, owner } = await staffed()
    const box = mailbox()
    box.refuses = true
    await offer(h, await withPerson(h, 'Pat', { inCrm: false }), owner)
    await run(h, true)
    await sendJobMails(h.db, box)
    const { rows } = await sql<{ error: string }>`select error from job_message where sent_at is null`.execute(h.db)
    assert.deepEqual(rows, [{ error: 'mail.x.example takes no mail now.' }])
    box.refuses = false
    await sendJobMails(h.db, box)
    assert.equal(box.mails.length, 0)
    await sql`update job_message set next_try_at = now()`.execute(h.db)
    await sendJobMails(h.db, box)
    assert.equal(box.mails.length, 1)
  })

  it('about an offer that was withdrawn meanwhile is not sent', async () => {
    const { h, owner } = await staffed()
    const box = mailbox()
    const id = await offer(h, await withPerson(h, 'Pat', { inCrm: false }), owner)
    await run(h, true)
    await sql`update job set ended_at = now(), end_reason = 'withdrawn' where id = ${id}`.execute(h.db)
    await run(h, true)
    await sendJobMails(h.db, box)
    assert.deepEqual(
      box.mails.filter(({ to }) => to === 'pat@x.example'),
      [],
    )
  })
})
