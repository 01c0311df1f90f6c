import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { AccessFindings } from '../../src/model/record/crm-facts.ts'
import type { Database } from '../../src/store/database/database.ts'
import { appendLedger } from '../../src/store/ledger/ledger.ts'
import { KINDS, NAMES } from './kinds-of-cases.ts'

/**
 * A database as it looks after a month of use, for the console's tests and preview. Deterministic for one `now`. The
 * rows are written straight into the tables: the console has to be right about any rows, whatever stage made them.
 */
export async function seedConsole(db: Database, now: Date): Promise<void> {
  await seedConnections(db, now)
  await seedPeople(db)
  await seedWorkflows(db, now)
  // Whatever is in force has the mode that it began with.
  await sql`insert into mode_change (workflow, mode, pilot, is_raise, origin, why, changed_by)
    select w.workflow, w.mode, nullif(p.document->'pilot', 'null'), false, 'first-version', '', 'lanekeeper'
    from workflow w join policy_version p on p.hash = w.hash order by w.workflow`.execute(db)
  await seedCases(db, now)
  await seedTraffic(db, now)
}

const PEOPLE = [
  ['tom.becker', 'Tom Becker', true],
  ['grace.kim', 'Grace Kim', true],
  ['erik.sandberg', 'Erik Sandberg', true],
  ['dana.brooks', 'Dana Brooks', true],
  ['helen.armstrong', 'Helen Armstrong', true],
  ['priya.nair', 'Priya Nair', true],
  ['ines.carvalho', 'Inês Carvalho', true],
  ['nina.petrova', 'Nina Petrova', true],
  ['sam.rivera', 'Sam Rivera', true],
  ['yuki.tanabe', 'Yuki Tanabe', true],
  ['anna.schneider', 'Anna Schneider', true],
  ['greg.dalton', 'Greg Dalton', false],
] as const
const at = (name: string) => `${name}@brightwater.example`

/** One permission of each outcome. */
const ACCESS: AccessFindings = {
  identity: {
    accountId: '00D5f000004xyzAEAQ',
    title: 'Brightwater Salesforce',
    timeZone: 'Europe/London',
    actorId: '0055f0000099',
    actorName: 'lanekeeper@brightwater.example',
    edition: 'Enterprise Edition',
    pagesUrl: null,
  },
  checks: [
    {
      id: 'read/Lead',
      title: 'Read Lead records',
      state: 'works',
      need: 'required',
      costs: 'Leads are not looked at.',
      grant: null,
      said: null,
    },
    {
      id: 'territories',
      title: 'Read territories',
      state: 'missing',
      need: 'optional',
      costs: 'Who works a territory is taken from the policy alone.',
      grant: 'Give the integration user "View All" on territories in its permission set.',
      said: "sObject type 'Territory2' is not supported",
    },
    {
      id: 'limits',
      title: "Read the org's limits",
      state: 'unknown',
      need: 'needed',
      costs: 'Our share of the day cannot be worked out.',
      grant: 'Give the integration user View Setup and Configuration.',
      said: null,
    },
  ],
  objects: [{ objectType: 'Lead', fields: 60, unreadable: ['AnnualRevenue'] }],
  limits: null,
  streamSlots: { max: 5, taken: ['Lead', 'Account'], missing: ['Contact', 'Opportunity', 'User'] },
}

/** The labels that the console shows for the fields of the evidence, and one field that it cannot read. */
const SCHEMAS = [
  ['hubspot-1', 'contacts', { country: 'Country/Region', email: 'Email' }, []],
  ['hubspot-1', 'companies', { domain: 'Company domain name', hubspot_owner_id: 'Company owner' }, []],
  ['salesforce-1', 'Lead', { Country: 'Country', Territory__c: 'Territory' }, ['AnnualRevenue']],
  ['salesforce-1', 'Account', { Website: 'Website', OwnerId: 'Account Owner' }, []],
] as const

async function seedConnections(db: Database, now: Date): Promise<void> {
  const ago = (minutes: number) => new Date(+now - minutes * 60_000)
  const done = (object: string, count: number) => [object, { done: true, cursor: null, count, total: count }]
  await db
    .insertInto('connection')
    .values([
      {
        id: 'hubspot-1',
        crm: 'hubspot',
        title: 'Brightwater HubSpot',
        writes_since: ago(9_000),
        writes_by: 'console',
        account_id: '4471001',
        base_url: 'http://127.0.0.1:4010',
        baseline: JSON.stringify({
          done: true,
          objects: Object.fromEntries([done('companies', 812), done('contacts', 5204), done('deals', 611)]),
        }),
        stream_state: 'listening',
        stream_seen_at: ago(0.2),
        task_key: JSON.stringify({ enforced: true, field: 'lanekeeper_key', why: 'unique property' }),
      },
      {
        id: 'salesforce-1',
        crm: 'salesforce',
        title: 'Brightwater Salesforce',
        writes_since: ago(9_000),
        writes_by: 'console',
        feed: 'stream',
        grant_kind: 'salesforce-client-credentials',
        made_by: 'console',
        actor_name: 'lanekeeper@brightwater.example',
        edition: 'Enterprise Edition',
        access: JSON.stringify(ACCESS),
        access_checked_at: ago(90),
        account_id: '00D5f000004xyzAEAQ',
        base_url: 'http://127.0.0.1:4020',
        baseline: JSON.stringify({
          done: false,
          objects: Object.fromEntries([
            done('Account', 804),
            done('Contact', 2011),
            ['Lead', { done: false, cursor: 'x', count: 3_150, total: 5_022 }],
          ]),
        }),
        stream_state: 'subscribed',
        stream_seen_at: ago(1),
        task_key: JSON.stringify({ enforced: false, field: null, why: 'no external id field on Task' }),
      },
    ])
    .execute()
  await sql`insert into call_budget (connection_id, window_ms, window_limit, window_used, window_started_at,
      search_limit_per_second, calls_total, used_today, limit_today, paused_until, paused_why)
    values ('hubspot-1', 10000, 150, 42, now(), 4, 18230, null, null, null, null),
           ('salesforce-1', 1000, 25, 3, now(), 5, 9120, 9120, 100000, ${ago(-12)}, 'Daily share used up')`.execute(db)
  await sql`insert into poll_cursor (connection_id, object_type, modified_until_ms, last_run_at, last_found) values
    ('hubspot-1', 'contacts', 0, ${ago(3)}, 0), ('hubspot-1', 'companies', 0, ${ago(3)}, 2),
    ('salesforce-1', 'Account', 0, ${ago(7)}, 0)`.execute(db)
  await sql`insert into notice (connection_id, code, subject, level, message, remedy, n, first_at, last_at, ended_at, ended_message)
    values ('salesforce-1', 'option-removed', 'Lead.Rating', 'warn',
        'The value Warm of Lead.Rating is gone; one workflow compares with it.', 'Change the workflow.', 1, ${ago(200)},
        ${ago(200)}, null, null),
      ('salesforce-1', 'outage', '', 'warn', 'Salesforce answered 503 since 10:02. Nothing is lost.', null, 31,
        ${ago(300)}, ${ago(280)}, ${ago(270)}, 'It answers again; what waited is read.')`.execute(db)
  for (const [connection, object, labels, unreadable] of SCHEMAS) {
    const fields = Object.entries(labels).map(([name, label]) => ({ name, label, type: 'text', options: [] }))
    await sql`insert into object_schema (connection_id, object_type, fields, unreadable)
      values (${connection}, ${object}, ${JSON.stringify(fields)}::jsonb, ${unreadable}::text[])`.execute(db)
  }
}

async function seedPeople(db: Database): Promise<void> {
  for (const [i, [name, title, active]] of PEOPLE.entries()) {
    for (const connection of ['hubspot-1', 'salesforce-1']) {
      await db
        .insertInto('crm_user')
        .values({
          connection_id: connection,
          user_id: `${connection === 'hubspot-1' ? '71' : '0055f00000'}${i}`,
          kind: 'person',
          email: at(name),
          name: title,
          active,
        })
        .execute()
    }
  }
}

function policyOf(workflow: string, title: string, over: Partial<Policy>): Policy {
  const deadline = 8 * 60
  return {
    workflow,
    title,
    objects: [{ crm: 'hubspot', object: 'contacts' }],
    action: {
      kind: 'assign-owner',
      says: 'Give every new inbound contact the representative of its territory.',
      when: [{ field: 'fact.ownerState', op: 'in', values: ['none'] }],
    },
    ifWrongForTwoWeeks: 'Inbound requests wait with the wrong team and about one in five goes cold.',
    mode: 'live',
    pilot: null,
    scope: [],
    owners: {
      reviewers: {
        general: [at('tom.becker'), at('grace.kim')],
        senior: [at('erik.sandberg'), at('dana.brooks')],
        approved: [at('helen.armstrong')],
      },
      override: at('nina.petrova'),
      rollback: at('sam.rivera'),
      boundary: at('priya.nair'),
      data: at('ines.carvalho'),
      workflow: at('yuki.tanabe'),
      accepted: Object.fromEntries(PEOPLE.filter(([, , active]) => active).map(([name]) => [at(name), '2026-10-01'])),
    },
    patterns: [],
    classes: [],
    boundary: [
      {
        branch: 'enterprise',
        when: [],
        mode: 'review',
        because: 'Two teams still disagree about named accounts.',
        rules: [],
        settles: [],
        settlesClasses: [],
      },
      {
        branch: 'commercial by country',
        when: [],
        mode: 'rules',
        because: 'The thresholds are visible and the same cases repeat.',
        rules: [
          {
            id: 'dach',
            when: [{ field: 'fact.country', op: 'in', values: ['DE', 'AT', 'CH'] }],
            owner: at('anna.schneider'),
            because: 'Anna works the German-speaking countries.',
          },
        ],
        settles: ['orphaned-owner'],
        settlesClasses: [],
      },
    ],
    guards: {
      deadlineMinutes: {
        expected: 2 * deadline,
        risky: deadline,
        'customer-facing': 240,
        'revenue-impacting': 240,
        unknown: deadline,
      },
      capacity: 25,
      revenueThreshold: 25_000,
    },
    territories: [],
    calendar: {
      timeZone: 'Europe/Berlin',
      workingDays: [1, 2, 3, 4, 5],
      opensAtMinute: 540,
      closesAtMinute: 1080,
      holidays: [],
    },
    ...over,
  }
}

async function seedWorkflows(db: Database, now: Date): Promise<void> {
  const inbound = policyOf('inbound-lead-routing', 'Inbound lead routing', {})
  const accounts = policyOf('account-ownership', 'Account ownership', {
    objects: [
      { crm: 'hubspot', object: 'companies' },
      { crm: 'salesforce', object: 'Account' },
    ],
    action: { kind: 'assign-owner', says: 'Keep one named owner per account in both CRMs.', when: 'never' },
    ifWrongForTwoWeeks: 'Two representatives work one customer, and the forecast counts it twice.',
    mode: 'live',
    owners: { ...inbound.owners, rollback: at('greg.dalton') },
  })
  for (const policy of [inbound, accounts]) {
    const hash = policy.workflow === 'inbound-lead-routing' ? '4c1f'.repeat(16) : '9be0'.repeat(16)
    const problems =
      policy === accounts
        ? [{ job: 'rollback', email: at('greg.dalton'), problem: 'is not active in any connected CRM' }]
        : []
    await sql`insert into policy_version (hash, workflow, document, source)
      values (${hash}, ${policy.workflow}, ${JSON.stringify(policy)}, 'seed')`.execute(db)
    await sql`insert into workflow (workflow, title, hash, mode, effective_mode, problems, updated_at)
      values (${policy.workflow}, ${policy.title}, ${hash}, ${policy.mode},
              ${problems.length > 0 ? 'observe' : policy.mode}, ${JSON.stringify(problems)}, ${now})`.execute(db)
  }
  const refused = {
    file: 'config/workflows/renewal-handover.yaml',
    errors: [
      {
        line: 14,
        column: 9,
        field: 'owners.rollback',
        message: '"sam rivera" is not an email. Enter the email of an active CRM user.',
      },
    ],
  }
  await sql`insert into workflow (workflow, title, mode, effective_mode, load_error, updated_at)
    values ('renewal-handover', 'renewal-handover', 'draft', 'draft', ${JSON.stringify(refused)}, ${now})`.execute(db)
}

async function seedCases(db: Database, now: Date): Promise<void> {
  const random = mulberry32(7)
  const bag = KINDS.flatMap((kind) => Array.from({ length: kind.weight }, () => kind))
  const sharedTask = await taskRow(db, now, 'account-ownership', 'hubspot-1', 'greg-left', 'grace.kim', '88017')
  for (let i = 0; i < 420; i++) {
    const kind = bag[Math.floor(random() * bag.length)]!
    const hoursAgo = random() ** 2 * 24 * 29
    const openedAt = new Date(+now - hoursAgo * 3_600_000)
    const chance = random()
    const status =
      hoursAgo < 50
        ? chance < 0.6
          ? 'open'
          : chance < 0.8
            ? 'resolved'
            : 'settled-by-rule'
        : chance < 0.06
          ? 'open'
          : chance < 0.6
            ? 'resolved'
            : 'settled-by-rule'
    if (status === 'settled-by-rule' && kind.class === 'unknown') continue
    const who = NAMES[Math.floor(random() * NAMES.length)]!
    const owner = at(kind.owners[Math.floor(random() * kind.owners.length)]!)
    const recordId = kind.connection === 'hubspot-1' ? String(50_000 + i) : `00Q5f00000A${String(i).padStart(7, '0')}`
    const subject = `${kind.connection}/${kind.object}/${recordId}`
    const decidedAt = openedAt.toISOString()
    const rulesSettled = status === 'settled-by-rule'
    const inputs = Object.fromEntries(
      Object.entries(kind.evidence).map(([name, value], k) => [
        name,
        { value, changedAt: k === 1 ? null : new Date(+openedAt - (k + 1) * 40 * 3_600_000).toISOString() },
      ]),
    )
    const receipt = {
      policy: kind.workflow === 'account-ownership' ? '9be0'.repeat(16) : '4c1f'.repeat(16),
      workflow: kind.workflow,
      record: { connectionId: kind.connection, objectType: kind.object, recordId },
      decidedAt,
      branch: 'commercial by country',
      mode: 'rules',
      rule: rulesSettled ? 'dach' : null,
      because: rulesSettled ? 'Anna works the German-speaking countries.' : null,
      misses: rulesSettled ? [] : [{ rule: 'dach', failed: 'country is one of DE, AT, CH', actual: 'KE' }],
      wouldChange: rulesSettled
        ? 'With country KE no rule would match.'
        : 'With country DE the rule "dach" would give it to Anna Schneider.',
      inputs,
    }
    const isShared = kind.pattern === 'orphaned-owner' && status === 'open'
    const taskId =
      status === 'settled-by-rule'
        ? null
        : isShared
          ? sharedTask
          : await taskRow(
              db,
              openedAt,
              kind.workflow,
              kind.connection,
              `${kind.pattern}/${subject}`,
              owner.split('@')[0]!,
              String(90_000 + i),
              status === 'resolved',
            )
    const seqs = await db.transaction().execute((trx) =>
      appendLedger(trx, [
        {
          at: openedAt,
          kind: rulesSettled ? 'exception-settled' : 'exception-opened',
          actor: rulesSettled ? 'rule:dach' : 'lanekeeper',
          subject,
          body: JSON.stringify({ what: kind.what(who), receipt }),
        },
        ...(taskId === null
          ? []
          : [
              {
                at: new Date(+openedAt + 1_400),
                kind: 'task-write-done',
                actor: 'lanekeeper',
                subject,
                body: JSON.stringify({ crmId: String(90_000 + i) }),
              },
            ]),
      ]),
    )
    const resolvedAt =
      status === 'open'
        ? null
        : rulesSettled
          ? openedAt
          : new Date(Math.min(+now - 60_000, +openedAt + random() * 30 * 3_600_000))
    await sql`insert into exception (connection_id, workflow, pattern, subject, object_type, record_id, title, class,
        class_because, posture, branch, owner_email, passed_over, what, would_have, todo, cause, cause_title, evidence,
        involves, status, settled_by_rule, resolution, task_id, receipt_seq, policy_hash, due_at, opened_at, resolved_at)
      values (${kind.connection}, ${kind.workflow}, ${kind.pattern}, ${subject}, ${kind.object}, ${recordId},
        ${kind.title(who)}, ${kind.class}, ${kind.because}, ${kind.posture}, 'commercial by country', ${owner},
        ${JSON.stringify(i % 5 === 0 ? [{ email: at('greg.dalton'), why: 'is not active' }] : [])},
        ${kind.what(who)}, ${kind.wouldHave}, ${kind.todo}, ${isShared ? 'greg-left' : `${kind.pattern}/${subject}`},
        ${isShared ? 'Greg Dalton left and still owns records' : null}, ${JSON.stringify(kind.evidence)},
        ${JSON.stringify(kind.pattern === 'duplicate-ownership' ? [{ connectionId: 'hubspot-1', objectType: 'companies', recordId: String(70_000 + i) }] : [])},
        ${status}, ${rulesSettled ? 'dach' : null}, ${status === 'resolved' ? 'fixed-by-owner' : null}, ${taskId},
        ${seqs[0]!}, ${receipt.policy}, ${new Date(+openedAt + (kind.posture === 'stop' ? 20 : 44) * 3_600_000)},
        ${openedAt}, ${resolvedAt})`.execute(db)
  }
}

async function taskRow(
  db: Database,
  createdAt: Date,
  workflow: string,
  connection: string,
  cause: string,
  owner: string,
  crmTaskId: string,
  done = false,
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into task (connection_id, workflow, cause, key, owner_email, crm_task_id, status, due_at, created_at, closed_by)
    values (${connection}, ${workflow}, ${cause}, ${`key-${crmTaskId}`}, ${at(owner)}, ${crmTaskId},
      ${done ? 'done' : 'open'}, ${new Date(+createdAt + 86_400_000)}, ${createdAt}, ${done ? 'person' : null})
    returning id`.execute(db)
  return rows[0]!.id
}

async function seedTraffic(db: Database, now: Date): Promise<void> {
  await sql`insert into change_event (connection_id, dedupe_key, object_type, record_id, kind, occurred_at_ms,
      event_order, fields, complete, source, actor, received_at, state, skip_reason)
    select case when n % 3 = 0 then 'salesforce-1' else 'hubspot-1' end, 'seed-' || n, 'contacts', n::text, 'changed', 0, n,
      '{}', false, 'webhook', '{"kind":"person","id":null,"ours":false}', ${now}::timestamptz - (5000 - n) * interval '15 seconds',
      case when n > 4996 then 'received' when n % 40 = 0 then 'skipped' else 'applied' end,
      case when n % 40 = 0 and n <= 4996 then case when n % 80 = 0 then 'our-own-write' else 'object-not-watched' end end
    from generate_series(1, 5000) n`.execute(db)
  await sql`insert into counter (connection_id, day, name, detail, n, last_at) values
    ('hubspot-1', ${now.toISOString().slice(0, 10)}::date, 'event-duplicate', '', 131, ${now}),
    ('', ${now.toISOString().slice(0, 10)}::date, 'webhook-unknown-portal', '990017', 12, ${now})`.execute(db)
  await sql`insert into process_beat (role, instance, beat_at) values ('sweeper', 'a', now()), ('decide', 'a', now())`.execute(
    db,
  )
}

/** A small generator with a seed, so that every run sees the same month. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
