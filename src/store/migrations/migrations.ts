import { STATEMENTS as schema } from './0001-schema.ts'
import { STATEMENTS as writeGate } from './0002-write-gate.ts'
import { STATEMENTS as userChecks } from './0003-user-checks.ts'
import { STATEMENTS as unknownInputs } from './0004-unknown-inputs.ts'
import { STATEMENTS as ledgerErasures } from './0005-ledger-erasures.ts'
import { STATEMENTS as erasureAndQuarantine } from './0006-erasure-and-quarantine.ts'
import { STATEMENTS as baselineEvents } from './0007-baseline-events.ts'
import { STATEMENTS as unseenRecords } from './0008-unseen-records.ts'
import { STATEMENTS as backlogAndWakeUps } from './0009-backlog-and-wake-ups.ts'
import { STATEMENTS as taskAnchors } from './0010-task-anchors.ts'
import { STATEMENTS as trueFigures } from './0011-true-figures.ts'
import { STATEMENTS as ownerLoops } from './0012-owner-loops.ts'
import { STATEMENTS as taskTexts } from './0013-task-texts.ts'
import { STATEMENTS as taskFollowUps } from './0014-task-follow-ups.ts'
import { STATEMENTS as perConnection } from './0015-per-connection.ts'
import { STATEMENTS as plansAndCounts } from './0016-plans-and-counts.ts'
import { STATEMENTS as matchKeyVersions } from './0017-match-key-versions.ts'
import { STATEMENTS as fieldStanding } from './0018-field-standing.ts'
import { STATEMENTS as quietTasks } from './0019-quiet-tasks.ts'
import { STATEMENTS as integrationUsers } from './0020-integration-users.ts'
import { STATEMENTS as homeCurrency } from './0021-home-currency.ts'
import { STATEMENTS as upgradeReports } from './0022-upgrade-reports.ts'
import { STATEMENTS as changedFacts } from './0023-changed-facts.ts'
import { STATEMENTS as permitOrder } from './0024-permit-order.ts'
import { STATEMENTS as people } from './0025-people.ts'
import { STATEMENTS as jobs } from './0026-jobs.ts'
import { STATEMENTS as publishing } from './0027-publishing.ts'
import { STATEMENTS as pauses } from './0028-pauses.ts'
import { STATEMENTS as jobTasks } from './0029-job-tasks.ts'
import { STATEMENTS as observed } from './0030-observed.ts'
import { STATEMENTS as writingConsents } from './0031-writing-consents.ts'
import { STATEMENTS as identityIssuer } from './0032-identity-issuer.ts'
import { STATEMENTS as marks } from './0033-marks.ts'
import { STATEMENTS as backlogApplications } from './0034-backlog-applications.ts'
import { STATEMENTS as endedDocuments } from './0035-ended-documents.ts'
import { STATEMENTS as olderVersion } from './0037-older-version.ts'
import { STATEMENTS as loginIds } from './0038-login-ids.ts'
import { STATEMENTS as modeChanges } from './0039-mode-changes.ts'

export type SchemaMigration = { readonly name: string; readonly statements: readonly string[] }

/**
 * In code, in order, so that no directory listing decides what runs. Numbers rise strictly and no two are alike. A
 * migration that has shipped never changes: the next one corrects it.
 */
export const MIGRATIONS: readonly SchemaMigration[] = [
  { name: '0001-schema', statements: schema },
  { name: '0002-write-gate', statements: writeGate },
  { name: '0003-user-checks', statements: userChecks },
  { name: '0004-unknown-inputs', statements: unknownInputs },
  { name: '0005-ledger-erasures', statements: ledgerErasures },
  { name: '0006-erasure-and-quarantine', statements: erasureAndQuarantine },
  { name: '0007-baseline-events', statements: baselineEvents },
  { name: '0008-unseen-records', statements: unseenRecords },
  { name: '0009-backlog-and-wake-ups', statements: backlogAndWakeUps },
  { name: '0010-task-anchors', statements: taskAnchors },
  { name: '0011-true-figures', statements: trueFigures },
  { name: '0012-owner-loops', statements: ownerLoops },
  { name: '0013-task-texts', statements: taskTexts },
  { name: '0014-task-follow-ups', statements: taskFollowUps },
  { name: '0015-per-connection', statements: perConnection },
  { name: '0016-plans-and-counts', statements: plansAndCounts },
  { name: '0017-match-key-versions', statements: matchKeyVersions },
  { name: '0018-field-standing', statements: fieldStanding },
  { name: '0019-quiet-tasks', statements: quietTasks },
  { name: '0020-integration-users', statements: integrationUsers },
  { name: '0021-home-currency', statements: homeCurrency },
  { name: '0022-upgrade-reports', statements: upgradeReports },
  { name: '0023-changed-facts', statements: changedFacts },
  { name: '0024-permit-order', statements: permitOrder },
  { name: '0025-people', statements: people },
  { name: '0026-jobs', statements: jobs },
  { name: '0027-publishing', statements: publishing },
  { name: '0028-pauses', statements: pauses },
  { name: '0029-job-tasks', statements: jobTasks },
  { name: '0030-observed', statements: observed },
  { name: '0031-writing-consents', statements: writingConsents },
  { name: '0032-identity-issuer', statements: identityIssuer },
  { name: '0033-marks', statements: marks },
  { name: '0034-backlog-applications', statements: backlogApplications },
  { name: '0035-ended-documents', statements: endedDocuments },
  { name: '0037-older-version', statements: olderVersion },
  { name: '0038-login-ids', statements: loginIds },
  { name: '0039-mode-changes', statements: modeChanges },
]

/** The tables that exist once all of these migrations have run. */
export function tablesOf(migrations: readonly SchemaMigration[]): string[] {
  const tables = new Set<string>()
  for (const statement of migrations.flatMap(({ statements }) => statements)) {
    const [, verb, name] =
      /^\s*(create|drop)\s+(?:unlogged\s+)?table\s+(?:if (?:not )?exists\s+)?(\w+)/.exec(statement) ?? []
    if (name === undefined) continue
    if (verb === 'create') tables.add(name)
    else tables.delete(name)
  }
  return [...tables]
}
