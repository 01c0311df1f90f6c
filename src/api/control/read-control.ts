import { sql } from 'kysely'
import type { Actor, LaneHeld } from '../../model/authority/acts.ts'
import { actorOfSession, verdictOn } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import { lanesHeld } from '../../store/people/lane-holders.ts'
import { namesOf } from '../../store/people/persons.ts'
import type { Session } from '../../store/people/sessions.ts'
import { grantsOf, type WaitingWrites, writesWaiting } from '../../store/writes/pause-effects.ts'
import { openPauseRequests, type PauseRequest } from '../../store/writes/pause-requests.ts'
import { endedPauses, openPauses, type Pause, type PauseScope, stillPaused } from '../../store/writes/pauses.ts'
import type { ControlReply, Holder, Pausable, PauseView, RequestView } from './control-types.ts'

const ENDED_SHOWN = 20

type Known = {
  readonly db: Database
  readonly actor: Actor
  readonly workflows: readonly WorkflowRow[]
  readonly connections: readonly ConnectionRow[]
  readonly lanes: readonly LaneHeld[]
  readonly open: readonly Pause[]
  readonly names: ReadonlyMap<string, string>
}
type WorkflowRow = { readonly workflow: string; readonly title: string; readonly branches: readonly string[] }
type ConnectionRow = { readonly id: string; readonly title: string }

/** Who may pause what, and what is paused, for the person of this session. */
export async function readControl(db: Database, session: Session): Promise<ControlReply> {
  const [workflows, connections, open, requests, ended] = await Promise.all([
    workflowsInForce(db),
    connectionsHere(db),
    openPauses(db),
    session.onlyPauses ? [] : openPauseRequests(db),
    session.onlyPauses ? [] : endedPauses(db, ENDED_SHOWN),
  ])
  const lanes = (await lanesHeld(db, null)).filter(({ lane }) => lane === 'rollback')
  const names = await actorNames(db, lanes, [
    ...[...open, ...ended].flatMap((pause) => [pause.by, pause.askedBy, pause.endedBy]),
    ...requests.map(({ askedBy }) => askedBy),
  ])
  const actor = actorOfSession(session)
  const known: Known = { db, actor, workflows, connections, lanes, open, names }
  const pausable = {
    workflows: await inOrder(workflows, (one) => workflowView(known, one)),
    connections: await inOrder(connections, (one) => connectionView(known, one)),
  }
  const isTheirs = ({ may }: Pausable) => !session.onlyPauses || may === 'pause'
  return {
    onlyPauses: session.onlyPauses,
    workflows: pausable.workflows.filter(isTheirs),
    connections: pausable.connections.filter(isTheirs),
    paused: await inOrder(open, (pause) => pauseView(known, pause)),
    requests: await inOrder(requests, (request) => requestView(known, request)),
    ended: await inOrder(ended, (pause) => pauseView(known, pause)),
  }
}

/** By workflow. */
export async function titlesOf(db: Database): Promise<ReadonlyMap<string, string>> {
  return new Map((await workflowsInForce(db)).map(({ workflow, title }) => [workflow, title]))
}

async function workflowsInForce(db: Database): Promise<WorkflowRow[]> {
  const { rows } = await sql<WorkflowRow>`
    select w.workflow, w.title, array(
      select b->>'branch' from jsonb_array_elements(v.document->'boundary') with ordinality as x(b, n) order by n) as branches
    from workflow w join policy_version v on v.hash = w.hash order by w.title`.execute(db)
  return rows
}

async function connectionsHere(db: Database): Promise<ConnectionRow[]> {
  const { rows } = await sql<ConnectionRow>`
    select id, title from connection where status <> 'disconnected' order by title`.execute(db)
  return rows
}

/** One after another: each asks the database, and a page is no reason to take all of its connections. */
async function inOrder<T, View>(all: readonly T[], view: (one: T) => Promise<View>): Promise<View[]> {
  const views: View[] = []
  for (const one of all) views.push(await view(one))
  return views
}

async function workflowView(known: Known, { workflow, title, branches }: WorkflowRow): Promise<Pausable> {
  return {
    scope: { kind: 'workflow', workflow },
    title,
    branches: [...branches],
    whoMay: holders(known, [workflow]),
    may: await mayOf(known, [workflow]),
    isPaused: known.open.some(({ scope }) => scope.kind === 'workflow' && scope.workflow === workflow),
  }
}

async function connectionView(known: Known, { id, title }: ConnectionRow): Promise<Pausable> {
  const all = known.workflows.map(({ workflow }) => workflow)
  const pause = known.open.find(({ scope }) => scope.kind === 'connection' && scope.connectionId === id)
  return {
    scope: { kind: 'connection', connectionId: id },
    title,
    branches: [],
    whoMay: holders(known, all),
    may: await mayOf(known, all),
    isPaused: pause !== undefined && (await stillPaused(known.db, pause.id)).length === all.length,
  }
}

async function mayOf({ db, actor }: Known, workflows: readonly string[]): Promise<Pausable['may']> {
  if ((await verdictOn(db, actor, 'pause', { workflows })).allowed) return 'pause'
  return (await verdictOn(db, actor, 'ask-for-pause', { workflows })).allowed ? 'ask' : 'nothing'
}

const ROLES: readonly Holder['role'][] = ['holder', 'deputy', 'delegate']

function holders({ lanes, names }: Known, workflows: readonly string[]): Holder[] {
  const found = lanes
    .filter(({ workflow }) => workflows.includes(workflow))
    .map(({ personId: id, role }) => ({ id, role, name: names.get(`person:${id}`) ?? id }))
    .sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role))
  return found.filter(({ id }, at) => found.findIndex((one) => one.id === id) === at)
}

async function pauseView(known: Known, pause: Pause): Promise<PauseView> {
  const { db, names } = known
  const { id, scope, reason, by, at, askedBy, endedAt, endedBy } = pause
  const isOpen = endedAt === null
  const rest = isOpen && scope.kind === 'connection' ? await stillPaused(db, id) : []
  const waiting: WaitingWrites = isOpen ? await writesWaiting(db, scope) : { n: 0, isMore: false }
  return {
    id,
    scope,
    title: scopeTitle(known, scope),
    reason,
    by: by === 'lanekeeper' ? null : nameIn(names, by),
    at: at.toISOString(),
    askedBy: askedBy && nameIn(names, askedBy),
    endedAt: endedAt?.toISOString() ?? null,
    endedBy: endedBy && nameIn(names, endedBy),
    waiting,
    grants: await grantsOf(db, id),
    stillPaused: rest.map((workflow) => known.workflows.find((one) => one.workflow === workflow)?.title ?? workflow),
    mayNotResume: isOpen ? await mayNotResume(known, scope, rest) : null,
  }
}

/** The CRM is asked when they press the button, so here it counts as having said yes. */
async function mayNotResume(
  { db, actor }: Known,
  scope: PauseScope,
  rest: readonly string[],
): Promise<PauseView['mayNotResume']> {
  const asked: Actor = actor.kind === 'person' ? { ...actor, isActiveInCrm: 'no-user' } : actor
  let why: string | null = 'No workflow runs there.'
  for (const workflow of scope.kind === 'connection' ? rest : [scope.workflow]) {
    const verdict = await verdictOn(db, asked, 'resume', { workflow })
    if (verdict.allowed) return null
    why = verdict.because
  }
  return why
}

async function requestView(
  known: Known,
  { id, scope, reason, askedBy, at, dueAt }: PauseRequest,
): Promise<RequestView> {
  const all = known.workflows.map(({ workflow }) => workflow)
  const workflows = scope.kind === 'connection' ? all : [scope.workflow]
  return {
    id,
    scope,
    title: scopeTitle(known, scope),
    reason,
    askedBy: nameIn(known.names, askedBy),
    at: at.toISOString(),
    dueAt: dueAt.toISOString(),
    mayPause: (await mayOf(known, workflows)) === 'pause',
  }
}

function scopeTitle({ workflows, connections }: Known, scope: PauseScope): string {
  if (scope.kind === 'connection') {
    return connections.find(({ id }) => id === scope.connectionId)?.title ?? scope.connectionId
  }
  const title = workflows.find(({ workflow }) => workflow === scope.workflow)?.title ?? scope.workflow
  return scope.kind === 'branch' ? `${title}, branch ${scope.branch}` : title
}

function nameIn(names: ReadonlyMap<string, string>, actor: string): string {
  return names.get(actor) ?? (actor === 'lanekeeper' ? 'Lanekeeper' : actor)
}

/** By actor: names of people, and titles of the programs that hold a token. */
async function actorNames(
  db: Database,
  lanes: readonly LaneHeld[],
  actors: readonly (string | null)[],
): Promise<ReadonlyMap<string, string>> {
  const idsOf = (kind: string) =>
    actors.flatMap((actor) => (actor?.startsWith(`${kind}:`) ? [actor.slice(kind.length + 1)] : []))
  const people = await namesOf(db, [...lanes.map(({ personId }) => personId), ...idsOf('person')])
  const { rows: tokens } = await sql<{ id: string; title: string }>`
    select id, title from machine_token where id = any(${idsOf('token')}::text[])`.execute(db)
  return new Map([
    ...[...people].map(([id, name]) => [`person:${id}`, name] as const),
    ...tokens.map(({ id, title }) => [`token:${id}`, title] as const),
  ])
}
