import { sql } from 'kysely'
import { z } from 'zod'
import { ACT_WORDS } from '../../model/authority/act-words.ts'
import { jobTitle } from '../../model/jobs/job-texts.ts'
import type { Database } from '../../store/database/database.ts'
import { Lane } from '../sessions/session-types.ts'
import { titleOfAct } from './act-titles.ts'
import type { ActEntry, ActsQuery, ActsReply } from './acts-types.ts'

type Row = {
  readonly seq: number
  readonly at: Date
  readonly kind: string
  readonly actor: string
  readonly actor_name: string | null
  readonly subject: string
  readonly subject_name: string | null
  readonly body: string | null
}

export type ActsAsked = Omit<ActsQuery, 'limit'> & { readonly limit: number }

/** Entries of the ledger that somebody is behind, the newest first. Rules and Lanekeeper itself are left out. */
export async function readActs(db: Database, asked: ActsAsked): Promise<ActsReply> {
  const { person, kind, workflow, from, until, before, limit } = asked
  const { rows } = await sql<Row>`
    select l.seq, l.at, l.kind, l.actor, l.subject, l.body,
      case when l.actor like 'person:%' then (select p.name from person p where p.id = substr(l.actor, 8))
           when l.actor like 'token:%' then (select m.title from machine_token m where m.id = substr(l.actor, 7))
           when l.actor like 'user:%' then (
             select min(u.name) from crm_user u join connection c on c.id = u.connection_id
             where c.crm = split_part(l.actor, ':', 2) and u.user_id = split_part(l.actor, ':', 3)
             having count(distinct u.name) = 1) end as actor_name,
      case when l.subject ~ '^job:[0-9]{1,15}$' then (select p.name from job j join person p on p.id = j.person_id
             where j.id = substr(l.subject, 5)::bigint)
           when l.subject like 'person:%' then (select p.name from person p where p.id = substr(l.subject, 8))
           else coalesce((select c.title from connection c where c.id = l.subject),
                         (select w.title from workflow w where w.workflow = l.subject)) end as subject_name
    from ledger l
    where l.actor <> 'lanekeeper' and l.actor not like 'rule:%'
      and (${person ?? null}::text is null or l.actor = 'person:' || ${person ?? null})
      and (${kind ?? null}::text is null or l.kind = ${kind ?? null})
      and (${workflow ?? null}::text is null or l.subject = ${workflow ?? null}
        or l.subject = 'workflow:' || ${workflow ?? null} or starts_with(l.subject, ${workflow ?? ''} || '/')
        or strpos(l.body, ${`"workflow":${JSON.stringify(workflow ?? '')}`}) > 0)
      and (${from ?? null}::timestamptz is null or l.at >= ${from ?? null}::timestamptz)
      and (${until ?? null}::timestamptz is null or l.at < ${until ?? null}::timestamptz)
      and (${before ?? null}::bigint is null or l.seq < ${before ?? null}::bigint)
    order by l.seq desc limit ${limit + 1}`.execute(db)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { acts: shown.map(entryOf), next: rows.length > limit && last ? String(last.seq) : null }
}

function entryOf(row: Row): ActEntry {
  const { salt: _, act, ...rest } = fieldsIn(row.body)
  return {
    seq: String(row.seq),
    at: row.at.toISOString(),
    kind: row.kind,
    title: titleOfAct(row.kind, typeof act === 'string' ? wordsOf(act) : null),
    by: whoOf(row),
    about: jobAbout(row, rest) ?? (row.subject_name === null ? row.subject : `${row.subject_name} (${row.subject})`),
    details: row.body === null ? null : inShort(row.subject.startsWith('job:') ? withoutJob(rest) : rest),
  }
}

const JobBody = z.object({
  workflow: z.string(),
  lane: Lane,
  circle: z.enum(['general', 'senior', 'approved']).nullable(),
  deputy: z.boolean(),
  /** They named themself, which is possible below live. */
  self: z.literal(true).optional(),
})

/** "Boundary owner of routing: Dana Brooks". Null: it is about no job. */
function jobAbout({ subject, subject_name: name }: Row, body: Readonly<Record<string, unknown>>): string | null {
  const job = subject.startsWith('job:') ? JobBody.safeParse(body).data : undefined
  if (job === undefined) return null
  const title = jobTitle(job)
  return `${title.charAt(0).toUpperCase()}${title.slice(1)} of ${job.workflow}${name === null ? '' : `: ${name}`}${job.self ? ' (themself)' : ''}`
}

/** What `jobAbout` says already. */
function withoutJob(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { workflow: _, lane: __, circle: ___, deputy: ____, person: _____, self: ______, ...rest } = body
  return rest
}

function wordsOf(act: string): string {
  return Object.hasOwn(ACT_WORDS, act) ? ACT_WORDS[act as keyof typeof ACT_WORDS].does : act
}

/** Whoever came before there were people is nobody in particular: an address or a session that ended with them. */
function whoOf({ actor, actor_name: name }: Row): ActEntry['by'] {
  const [kind, ...rest] = actor.split(':')
  const id = rest.join(':')
  switch (kind) {
    case 'person':
    case 'token':
      return { kind, id, name: name ?? id }
    case 'user':
      return { kind: 'crm-user', id, name: name ?? id }
    case 'terminal':
      return { kind, id: null, name: 'Terminal of the server' }
    case 'environment':
      return { kind, id: null, name: 'Settings of the server' }
    default:
      return { kind: 'before-people', id: null, name: 'Console session, before people existed' }
  }
}

function fieldsIn(body: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = body === null ? {} : JSON.parse(body)
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

const DETAILS_MAX = 300

/** "history: keep, tasksLeft: 3"; what is nested is on the case. */
function inShort(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')
    .slice(0, DETAILS_MAX)
}
