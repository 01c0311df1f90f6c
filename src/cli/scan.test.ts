import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../../test/pipeline/harness.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import { crmProfile } from '../model/record/crm-profile.ts'
import type { Surface } from '../model/surface/surface.ts'
import type { Verdict } from '../model/surface/verdicts.ts'
import { saveBaseline } from '../store/connections/baseline.ts'
import { saveConnection } from '../store/lifecycle/save-connection.ts'
import { runScan } from './scan.ts'
import { checkoutAround } from './stack/checkout.ts'

const CREATED = '2026-11-20T08:00:00.000Z'
const HOSTILE = '<img src=x onerror="alert(1)">\u202eevil & \'co'

describe('scan, on a database that the pipeline has filled', () => {
  let h: Harness
  let dir: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lanekeeper-scan-'))
    h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy({ boundary: [{ ...contactPolicy().boundary[0]!, settles: [] }] })]
    })
    const rep = h.crm.users.find((user) => user.email === 'rep@x.example')!.userId
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    const contact = (id: string, fields: Record<string, string | null>) =>
      h.receive(h.crm.change('contacts', id, { createdate: CREATED, hubspot_owner_id: rep, country: 'DE', ...fields }))
    for (const [account, amount] of [
      ['a', '60000'],
      ['b', '90000.50'],
    ] as const) {
      await h.receive(h.crm.change('companies', account, { createdate: CREATED, name: account }))
      const deal = { createdate: CREATED, hs_primary_associated_company: account, amount, hs_is_closed: 'false' }
      await h.receive(h.crm.change('deals', `deal-${account}`, deal))
    }
    await contact('1', { firstname: HOSTILE, country: null })
    await contact('2', { email: 'jane.secret@private.example', country: null })
    await contact('3', { firstname: 'Sixty', country: null, associatedcompanyid: 'a' })
    await contact('4', { firstname: 'Ninety', country: null, associatedcompanyid: 'b' })
    await contact('5', { firstname: 'Orphan', hubspot_owner_id: left })
    await contact('6', { firstname: 'Fine' })
    await h.settle()
  })
  after(async () => {
    await h.stop()
    await rm(dir, { recursive: true })
  })

  const scan = async (args: string[], environment: Record<string, string> = { DATABASE_URL: h.url }) => {
    let out = ''
    let err = ''
    const streams = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (err += text) },
    }
    const code = await runScan(args, { DATA_DIR: dir, ...environment }, streams)
    return { code, out, err }
  }
  const numbers = async () =>
    JSON.parse((await scan(['--json'])).out) as Surface & { readonly verdicts: readonly Verdict[] }

  it('part of M30: counts what is broken by pattern and class, and the records behind it', async () => {
    const surface = await numbers()
    assert.deepEqual(surface.records, { read: 10, watched: 6, affected: 5, toDecide: 0 })
    assert.equal(surface.cases.open, 5)
    const missing = surface.cases.byPattern.find(({ pattern }) => pattern === 'missing-field')
    assert.deepEqual(
      [missing?.cases, missing?.records, missing?.byClass.expected, missing?.byClass['revenue-impacting']],
      [4, 4, 2, 2],
    )
    assert.equal(
      surface.cases.byClass.reduce((sum, row) => sum + row.cases, 0),
      5,
    )
  })

  it('puts every case into exactly one part of what rules could settle', async () => {
    const { rules } = await numbers()
    assert.deepEqual(rules.byOutcome, { settled: 0, 'could-settle': 1, field: 4, 'no-rule': 0, person: 0, unknown: 0 })
    assert.deepEqual(rules.couldSettle, [{ workflow: 'routing', branch: 'all', pattern: 'orphaned-owner', cases: 1 }])
  })

  it('says whose the records are, and who has the cases', async () => {
    const { recordOwners, caseOwners } = await numbers()
    assert.deepEqual(
      recordOwners.map(({ state, cases, records, owned }) => [state, cases, records, owned]),
      [
        ['active', 4, 4, 5],
        ['left', 1, 1, 1],
      ],
    )
    assert.equal(
      caseOwners.reduce((sum, owner) => sum + owner.cases, 0),
      5,
    )
  })

  it('counts the users that the company links as one person, and a case that waits as not overdue', async () => {
    const people = { persons: [['rep@x.example', 'rep@old.example']], integrations: [] }
    const linked = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy({ people, boundary: [{ ...contactPolicy().boundary[0]!, settles: [] }] })]
    })
    const rep = linked.crm.users.find((user) => user.email === 'rep@x.example')!.userId
    const again = linked.crm.person('rep@old.example')
    await linked.people()
    for (const [id, owner] of [
      ['1', rep],
      ['2', again],
      ['3', again],
    ] as const) {
      const fields = { createdate: CREATED, hubspot_owner_id: owner, country: null }
      await linked.receive(linked.crm.change('contacts', id, fields))
    }
    await linked.settle()
    await sql`update exception set owner_email = case when record_id = '1' then 'rep@x.example' else 'rep@old.example' end,
      due_at = '2020-01-01', waits_since = case when record_id = '3' then now() end`.execute(linked.db)
    const { recordOwners, caseOwners, cases } = JSON.parse(
      (await scan(['--json'], { DATABASE_URL: linked.url })).out,
    ) as Surface
    await linked.stop()
    assert.deepEqual([recordOwners.map(({ owned }) => owned), recordOwners.map(({ cases: n }) => n)], [[3], [3]])
    assert.deepEqual(
      caseOwners.map((owner) => [owner.cases, owner.overdue]),
      [[3, 2]],
    )
    assert.equal(cases.overdue, 2)
  })

  it('lists the worst by class and then by the open pipeline of the account', async () => {
    const { worst } = await numbers()
    assert.deepEqual(
      worst.slice(0, 3).map(({ title, openPipeline }) => [title, openPipeline]),
      [
        ['Ninety', 90_000.5],
        ['Sixty', 60_000],
        ['Orphan', null],
      ],
    )
  })

  it('part of M38: names the fields, and says where the source is not read', async () => {
    const { fields, sources, verdicts } = await numbers()
    assert.deepEqual(
      fields.map(({ objectType, field, missing, blank, records }) => [objectType, field, missing, blank, records]),
      [['contacts', 'country', 4, 4, 6]],
    )
    assert.match(sources[0]?.notRead ?? '', /hs_analytics_source is not read/)
    const foundation = verdicts.find(({ about }) => about === 'data-foundation')
    assert.equal(foundation?.holds, true)
    assert.match(foundation.because.join(' '), /contacts\.country/)
  })

  it('does not call a field blank on a record of which it was never read', async () => {
    await sql`update record set values = values - 'country' where object_type = 'contacts' and record_id = '1'`.execute(
      h.db,
    )
    try {
      const { fields } = await numbers()
      assert.deepEqual(
        fields.map(({ field, blank, records }) => [field, blank, records]),
        [['country', 3, 5]],
      )
    } finally {
      await sql`update record set values = values || '{"country":null}' where object_type = 'contacts' and record_id = '1'`.execute(
        h.db,
      )
    }
  })

  it('writes one page of well-formed HTML with the counts, without scripts, and with hostile names as text', async () => {
    const file = join(dir, 'scan.html')
    const { code, out } = await scan(['--out', file])
    assert.equal(code, 0)
    assert.match(out, /5 open cases/)
    assert.ok(out.includes(file))
    const page = await readFile(file, 'utf8')
    assert.deepEqual(unbalanced(page), [])
    assert.ok(page.includes('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;\ufffdevil &amp; &#39;co'))
    assert.ok(!page.includes('<img') && !page.includes('<script') && !page.includes('\u202e'))
    assert.match(page, /<b>5<\/b>open cases/)
    assert.match(page, /Keep it rules-based for now/)
    assert.doesNotMatch(page, /(src|href)="(?!https?:)|@import|url\(/)
  })

  it('shows no e-mail address, also where a record has no other name', async () => {
    const file = join(dir, 'private.html')
    await scan(['--out', file])
    const page = await readFile(file, 'utf8')
    assert.ok(!page.includes('jane.secret'))
    assert.match(page, /contact 2</)
  })

  it('writes nothing to the database', async () => {
    const state = async () => {
      const { rows } = await sql<{ n: string }>`
        select (select count(*) from ledger)::text || '/' || (select count(*) from intent) || '/' || (select max(updated_at) from exception) as n`.execute(
        h.db,
      )
      return rows[0]!.n
    }
    const before = await state()
    await scan(['--json'])
    assert.equal(await state(), before)
  })

  it('counts a case that is open again as open, not as settled', async () => {
    await sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, owner_email, what, would_have, todo, cause, evidence, status, policy_hash, due_at)
      select connection_id, workflow, pattern, s.subject, object_type, record_id, title, class, class_because, posture,
        owner_email, what, would_have, todo, cause, evidence, 'settled-by-rule', policy_hash, due_at
      from exception e, lateral (values (e.subject), (e.subject || '/other'), (e.subject || '/other')) s(subject)
      where e.pattern = 'orphaned-owner' and e.status = 'open'`.execute(h.db)
    const { rules, cases } = await numbers()
    await sql`delete from exception where status = 'settled-by-rule'`.execute(h.db)
    assert.deepEqual([rules.byOutcome.settled, cases.open], [1, 5])
  })

  it('waits for the first import, and says how far it is', async () => {
    const objects = {
      companies: { done: true, cursor: null, count: 1_190, total: null },
      contacts: { done: false, cursor: '1', count: 3_350, total: 6_466 },
    }
    await saveBaseline(h.db, h.connection.id, { done: false, objects })
    const { code, out, err } = await scan([])
    await saveBaseline(h.db, h.connection.id, { done: true, objects: {} })
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(
      err,
      /first import is not finished.*companies: 1,190, done.*contacts: 3,350 of 6,466.*deals: not begun/s,
    )
  })

  it('leaves out a connection that is still imported, and says so', async () => {
    const before = await numbers()
    const others = 'salesforce-late'
    await saveConnection(h.db, {
      id: others as ConnectionId,
      crm: 'salesforce',
      baseUrl: 'http://127.0.0.1:1',
      identity: {
        accountId: others,
        title: 'Late \u0007 Org',
        timeZone: 'Europe/Berlin',
        actorId: null,
        actorName: null,
        edition: null,
        pagesUrl: null,
      },
      credentials: Buffer.from('none'),
      taskKey: { enforced: true, field: 'key', why: 'fake' },
      callLimit: crmProfile('salesforce').callLimits,
    })
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, keys, dirty_since, owner_id)
      select ${others}, 'Lead', n::text, '{}', '{}', '{}', now(), 'x' from generate_series(1, 100) n`.execute(h.db)
    await sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, owner_email, what, would_have, todo, cause, evidence, involves, policy_hash, due_at)
      select ${others}, workflow, pattern, 'late', 'Lead', '1', title, class, class_because, posture, owner_email, what,
        would_have, todo, 'late', evidence, involves, policy_hash, due_at from exception where status = 'open' limit 1`.execute(
      h.db,
    )
    try {
      const { leftOut, takenAt, ...after } = await numbers()
      const { leftOut: _none, takenAt: _then, ...same } = before
      assert.deepEqual(leftOut, [{ id: others, crm: 'salesforce', title: 'Late \u0007 Org' }])
      assert.deepEqual(after, same)
      const { code, out } = await scan(['--out', join(dir, 'late.html')])
      assert.equal(code, 0)
      assert.match(out, /Left out: Late {3}Org is still being imported, so neither its records/)
      assert.match(await readFile(join(dir, 'late.html'), 'utf8'), /Left out: Late/)
    } finally {
      for (const table of ['exception', 'record']) {
        await sql`delete from ${sql.table(table)} where connection_id = ${others}`.execute(h.db)
      }
      await sql`delete from connection where id = ${others}`.execute(h.db)
    }
  })

  it('waits while most records were never decided', async () => {
    await sql`update record set dirty_since = now()`.execute(h.db)
    const { code, err } = await scan([])
    await sql`update record set dirty_since = null`.execute(h.db)
    assert.equal(code, 1)
    assert.match(err, /10 of 10 records are still waiting for a decision/)
  })

  it('says what to do where the named file cannot be made', async () => {
    for (const [out, says] of [
      [join(dir, 'none', 'x.html'), /there is no folder .*none; make it, or name another file/],
      [dir, /is a folder; name a file in it/],
      [join(dir, 'x.html', 'y.html'), /there is no folder .*x\.html; make it/],
    ] as const) {
      const { code, err } = await scan(['--out', out])
      assert.equal(code, 2)
      assert.match(err, says)
    }
  })

  it('says what to do when nothing runs here, and ends with 1', async () => {
    const { code, err } = await scan([], {})
    assert.equal(code, 1)
    assert.match(err, /Nothing runs with DATA_DIR=.*npm start.*DATABASE_URL/)
  })

  it('writes beside the data, for its owner alone, where no file is named: never into the checkout it is called from', async () => {
    const from = process.cwd()
    const before = await readdir(from)
    const { code, out, err } = await scan([])
    assert.deepEqual([code, err], [0, ''])
    const [name = ''] = await readdir(join(dir, 'scans'))
    assert.match(name, /^lanekeeper-scan-\d{4}-\d\d-\d\d\.html$/)
    assert.ok(out.includes(join(dir, 'scans', name)))
    assert.equal((await stat(join(dir, 'scans', name))).mode & 0o077, 0)
    assert.deepEqual(await readdir(from), before)
  })

  it('says that a file which was named lies in a checkout, also through a link and in one without history', async () => {
    const checkout = join(dir, 'checkout')
    await mkdir(join(checkout, '.git'), { recursive: true })
    await symlink(checkout, join(dir, 'link'))
    for (const file of [join(checkout, 'scan.html'), join(dir, 'link', 'scan.html')]) {
      const { code, err } = await scan(['--out', file])
      assert.equal(code, 0)
      assert.match(err, /names people and lies in the checkout .*checkout/)
    }
    assert.equal((await scan(['--out', join(dir, 'elsewhere.html')])).err, '')
    assert.equal(checkoutAround(join(import.meta.dirname, 'scan.html')), join(import.meta.dirname, '../..'))
  })

  it('ends with 2 when the database cannot be reached, and with 64 when an option is not one', async () => {
    assert.equal((await scan([], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })).code, 2)
    const { code, err } = await scan(['--nonsense'])
    assert.equal(code, 64)
    assert.match(err, /nonsense/)
  })
})

const VOID = new Set(['meta', 'br', 'rect', '!doctype'])

/** Tags that close something else than what is open. Enough for a page whose every tag is written by us. */
function unbalanced(page: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [tag, slash, name = ''] of page.matchAll(/<(\/?)([a-z0-9!]+)(?:\s+[a-z-]+(?:="[^"<>]*")?)*\s*\/?>|</gi)) {
    const lower = name.toLowerCase()
    if (name === '') wrong.push(tag)
    else if (slash === '/') {
      if (open.pop() !== lower) wrong.push(tag)
    } else if (!VOID.has(lower)) open.push(lower)
  }
  return [...wrong, ...open]
}
