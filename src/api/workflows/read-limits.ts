import { sql } from 'kysely'
import { inputTitle } from '../../model/decision/input-case.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { type MissingInput, Unknown } from '../../model/record/knowledge.ts'
import { unknownInWords } from '../../model/rules/unknown-in-words.ts'
import type { Database } from '../../store/database/database.ts'
import { type PausedNow, readPaused } from '../control/read-paused.ts'
import { readLostFields } from './read-lost-fields.ts'

type ConnectionRow = { crm: Crm; title: string; status: string; isReadOnly: boolean }

type InputRow = Omit<MissingInput, 'name' | 'recordId'> & { held: number; workflows: string[] }

/** What keeps a workflow from doing all that its mode says, one sentence each. Imports: see read-standing.ts. */
export type LimitsOf = (policy: Policy, effectiveMode: string) => string[]

/** Nearly every input holds records of one or two workflows, so these many tell which. */
const HOLDERS_READ_MAX = 1_000

export async function readLimits(db: Database): Promise<LimitsOf> {
  const [connections, lostFieldsOf, misfits, inputs, { paused }] = await Promise.all([
    sql<ConnectionRow>`
      select crm, title, status, writes_since is null as "isReadOnly" from connection
      -- one that is being imported writes nothing yet, whatever it may
      where status = 'reconnect-needed' or (status <> 'disconnected' and (baseline->>'done')::boolean)
      order by title`.execute(db),
    readLostFields(db),
    sql<{ subject: string; says: string }>`
      select n.subject, concat_ws(' ', n.message, n.remedy) as says
      from notice n join connection c on c.id = n.connection_id and c.status <> 'disconnected'
      where n.code = 'policy-misfit' and n.ended_at is null order by n.id`.execute(db),
    sql<InputRow>`
      select u.connection_id as "connectionId", u.crm, u.object_type as "objectType", u.field, u.why, u.held,
        array(select distinct unnest(h.workflows) from (
          select workflows from held_record where input_id = u.id limit ${HOLDERS_READ_MAX}) h) as workflows
      from unknown_input u join connection c on c.id = u.connection_id and c.status <> 'disconnected'
      -- what is only unread is read within minutes, or has a case
      where u.held > 0 and (u.why <> 'not-read' or u.exception_id is not null)
      order by u.held desc, u.id`.execute(db),
    readPaused(db),
  ])
  return (policy, effectiveMode) => {
    const held = inputs.rows.filter(({ workflows }) => workflows.includes(policy.workflow))
    const heldKeys = new Set(held.map(inputKeyOf))
    return [
      ...paused.filter(({ workflows }) => workflows.includes(policy.workflow)).map(pausedSentence),
      ...connections.rows
        .filter(({ crm }) => policy.objects.some((ref) => ref.crm === crm))
        .flatMap(limitOf(effectiveMode)),
      ...misfits.rows.filter(({ subject }) => subject.startsWith(`${policy.workflow}: `)).map(({ says }) => says),
      ...held.map(heldSentence),
      ...lostFieldsOf(policy, (input) => heldKeys.has(inputKeyOf(input))),
    ]
  }
}

function pausedSentence({ scope, title, by }: PausedNow): string {
  if (scope.kind === 'workflow') return `Paused by ${by}: owner changes wait until it is resumed.`
  const what = scope.kind === 'branch' ? `Branch ${scope.branch} was` : `Everything automated in ${title} was`
  return `${what} paused by ${by}: owner changes there wait until it is resumed.`
}

/** Whatever the reason: a field that was removed is also one that we may not read. */
function inputKeyOf({ connectionId, objectType, field }: Omit<InputRow, 'held' | 'workflows'>): string {
  return `${connectionId}/${objectType}/${field}`
}

function limitOf(effectiveMode: string) {
  return ({ title, status, isReadOnly }: ConnectionRow): string[] => {
    if (status === 'reconnect-needed') return [`${title} revoked our access: nothing is read or written there.`]
    if (!isReadOnly || effectiveMode === 'observe' || effectiveMode === 'draft') return []
    return [`${title} is read-only: no task and no owner is written there.`]
  }
}

function heldSentence({ held, ...input }: InputRow): string {
  const because = unknownInWords(new Unknown([{ ...input, name: inputTitle(input) }]))
  return `${held.toLocaleString('en-US')} ${held === 1 ? 'record waits' : 'records wait'}, because ${because}.`
}
