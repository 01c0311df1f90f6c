import { sql } from 'kysely'
import type { ReadinessProblem } from '../../model/authority/readiness-problem.ts'
import type { Policy, PolicyVersion } from '../../model/policy/policy.ts'
import type { Database } from '../../store/database/database.ts'
import { type Backlog, backlogs } from '../../store/decisions/backlog-view.ts'
import { POLICY_COLUMNS, type PolicyRow, policyOf } from '../../store/decisions/policies.ts'
import { runningVersions } from '../../store/decisions/running-versions.ts'
import { recordsToDecide, type ToDecide } from '../../store/records/records-to-decide.ts'
import { readLoadError } from './load-error.ts'
import { readApplications } from './read-backlog.ts'
import { readLimits } from './read-limits.ts'
import { type Connections, readConnectionsNow, standingOf } from './read-standing.ts'
import type { WorkflowsReply } from './workflow-types.ts'

type WorkflowView = WorkflowsReply['workflows'][number]

type WorkflowRow = {
  workflow: string
  title: string
  hash: string | null
  mode: string
  effective_mode: string
  problems: Partial<ReadinessProblem>[]
  load_error: unknown
  updated_at: Date
  policy: Policy | null
  open: number
}

/** Of a workflow that has no version the document is null. */
type Unstaffed = Omit<PolicyRow, 'document'> & { readonly document: PolicyRow['document'] | null }

/** The policy in plain English, as the model renders it. */
export type ExplainPolicy = (version: PolicyVersion) => string

export async function readWorkflows(db: Database, explain: ExplainPolicy | null): Promise<WorkflowsReply> {
  const { rows: stored } = await sql<Omit<WorkflowRow, 'policy'> & Unstaffed>`
    select w.workflow, w.title, w.hash, w.mode, w.effective_mode, w.problems, w.load_error, w.updated_at, ${POLICY_COLUMNS},
           (select count(*) from exception e where e.workflow = w.workflow and e.status = 'open') as open
    from workflow w left join policy_version p on p.hash = w.hash order by w.title`.execute(db)
  const rows = stored.map((row): WorkflowRow => {
    const { document, staff, fileOwners, marks, modeSet, ...rest } = row
    return { ...rest, policy: document === null ? null : policyOf({ document, staff, fileOwners, marks, modeSet }) }
  })
  const [connections, versions, limitsOf, toDecide, waiting, applications] = await Promise.all([
    readConnectionsNow(db),
    runningVersions(db),
    readLimits(db),
    recordsToDecide(db),
    backlogs(db),
    readApplications(db),
  ])
  return {
    workflows: rows.map((row) => {
      const version = versions.get(row.workflow)?.version ?? null
      const objects = row.policy?.objects ?? []
      const isOwn = ({ crm, objectType }: ToDecide) =>
        objects.some((ref) => ref.crm === crm && ref.object === objectType)
      return {
        ...toView(row, connections, explain),
        version: version && { number: version.number, storedAt: version.storedAt.toISOString() },
        limits: row.policy === null ? [] : limitsOf(row.policy, row.effective_mode),
        recordsToDecide: toDecide.filter(isOwn).reduce((sum, { n }) => sum + n, 0),
        backlog: backlogView(waiting.find(({ workflow }) => workflow === row.workflow)),
        application: applications.get(row.workflow) ?? null,
      }
    }),
  }
}

function backlogView(backlog: Backlog | undefined): WorkflowView['backlog'] {
  if (backlog === undefined) return null
  const { waiting, version, because } = backlog
  return { waiting, version, because }
}

type OwnFields = Omit<WorkflowView, 'version' | 'limits' | 'recordsToDecide' | 'backlog' | 'application'>

function toView(row: WorkflowRow, connections: Connections, explain: ExplainPolicy | null): OwnFields {
  const { policy } = row
  return {
    workflow: row.workflow,
    title: row.title,
    mode: row.mode,
    effectiveMode: row.effective_mode,
    hash: row.hash,
    says: policy?.action.says ?? null,
    ifWrongForTwoWeeks: policy?.ifWrongForTwoWeeks ?? null,
    objects: policy?.objects.map(({ crm, object }) => ({ crm, object })) ?? [],
    standing: policy && row.hash ? standingOf(row.workflow, policy, connections) : [],
    problems: row.problems.map((p) => ({
      kind: p.kind ?? 'vacant',
      connectionId: p.connectionId ?? null,
      job: p.job ?? 'job',
      email: p.email ?? null,
      problem: p.problem ?? 'vacant',
      step: p.step ?? null,
      without: p.without ?? null,
      writesEndAt: p.writesEndAtMs == null ? null : new Date(p.writesEndAtMs).toISOString(),
    })),
    loadError: row.load_error === null ? null : readLoadError(row.load_error),
    explained: policy && explain && row.hash ? explain({ hash: row.hash, policy }) : null,
    open: row.open,
    updatedAt: row.updated_at.toISOString(),
  }
}
