import type {
  ComparisonDayTable,
  ComparisonObjectTable,
  ComparisonSeenTable,
  ComparisonTable,
  DifferenceTable,
} from './tables/compare.ts'
import type {
  CallBudgetTable,
  ConnectionDraftTable,
  ConnectionTable,
  ConnectionTokenTable,
  NoticeTable,
  OAuthStateTable,
} from './tables/connections.ts'
import type {
  BacklogApplicationTable,
  BacklogWriteTable,
  CrmUserTable,
  EvidenceSecretTable,
  ExceptionTable,
  IntentTable,
  ModeChangeTable,
  OpenTaskChangeTable,
  OpenTaskCountTable,
  PolicyVersionTable,
  TaskTable,
  UserCheckTable,
  WorkflowConnectionTable,
  WorkflowTable,
  WorkflowVersionTable,
} from './tables/decisions.ts'
import type { ErasureDueTable, RecordTraceTable } from './tables/erasures.ts'
import type {
  ChangeEventTable,
  EventTallyCursorTable,
  EventTallyTable,
  MissedChangeTable,
  MissedEventsTable,
  PollCursorTable,
} from './tables/events.ts'
import type { JobDueTable, JobMessageTable, JobTaskTable } from './tables/job-tasks.ts'
import type { LedgerHeadTable, LedgerTable } from './tables/ledger.ts'
import type {
  AbsenceTable,
  IdentityTable,
  JobTable,
  LaneHolderTable,
  MachineTokenTable,
  PersonTable,
  SessionTable,
  SignInAttemptTable,
  SignInLinkTable,
  WritingConsentTable,
} from './tables/people.ts'
import type { CounterTable, ProcessBeatTable } from './tables/processes.ts'
import type {
  ApprovalTable,
  MarkTable,
  PolicyDraftTable,
  PolicyDraftTextTable,
  PublicationTable,
} from './tables/publishing.ts'
import type {
  AssignmentPollTable,
  HeldRecordTable,
  JoinQueueTable,
  MarkQueueTable,
  MatchKeyTable,
  MatchKeyVersionTable,
  ObjectSchemaTable,
  ObservedTable,
  RecordTable,
  RedecideQueueTable,
  TerritoryAssignmentTable,
  UnknownInputTable,
  VanishedRecordTable,
  WakeUpTable,
} from './tables/records.ts'
import type { UpgradeCaseTable, UpgradeScopeTable, UpgradeTable } from './tables/upgrades.ts'
import type {
  PauseGrantTable,
  PauseReleaseTable,
  PauseRequestTable,
  PauseTable,
  PermitTable,
  WriteAnswerTable,
  WriteAttemptTable,
} from './tables/writes.ts'

/**
 * The columns of every table, as the migrations make them: test/store/table-types.test.ts compares the two. `bigint`
 * arrives as a number and `timestamptz` as a Date, see `database.ts`.
 */
export type Tables = {
  connection: ConnectionTable
  poll_cursor: PollCursorTable
  change_event: ChangeEventTable
  record: RecordTable
  match_key: MatchKeyTable
  match_key_version: MatchKeyVersionTable
  object_schema: ObjectSchemaTable
  crm_user: CrmUserTable
  user_check: UserCheckTable
  policy_version: PolicyVersionTable
  workflow: WorkflowTable
  workflow_connection: WorkflowConnectionTable
  exception: ExceptionTable
  evidence_secret: EvidenceSecretTable
  task: TaskTable
  open_task_count: OpenTaskCountTable
  open_task_change: OpenTaskChangeTable
  intent: IntentTable
  ledger: LedgerTable
  ledger_head: LedgerHeadTable
  call_budget: CallBudgetTable
  counter: CounterTable
  sign_in_link: SignInLinkTable
  session: SessionTable
  process_beat: ProcessBeatTable
  connection_token: ConnectionTokenTable
  connection_draft: ConnectionDraftTable
  oauth_state: OAuthStateTable
  notice: NoticeTable
  redecide_queue: RedecideQueueTable
  join_queue: JoinQueueTable
  mark_queue: MarkQueueTable
  event_tally: EventTallyTable
  event_tally_cursor: EventTallyCursorTable
  missed_change: MissedChangeTable
  missed_events: MissedEventsTable
  comparison: ComparisonTable
  comparison_object: ComparisonObjectTable
  comparison_day: ComparisonDayTable
  difference: DifferenceTable
  comparison_seen: ComparisonSeenTable
  territory_assignment: TerritoryAssignmentTable
  assignment_poll: AssignmentPollTable
  vanished_record: VanishedRecordTable
  unknown_input: UnknownInputTable
  held_record: HeldRecordTable
  record_trace: RecordTraceTable
  erasure_due: ErasureDueTable
  permit: PermitTable
  pause: PauseTable
  pause_release: PauseReleaseTable
  pause_request: PauseRequestTable
  pause_grant: PauseGrantTable
  write_attempt: WriteAttemptTable
  write_answer: WriteAnswerTable
  workflow_version: WorkflowVersionTable
  backlog_write: BacklogWriteTable
  backlog_application: BacklogApplicationTable
  mode_change: ModeChangeTable
  wake_up: WakeUpTable
  upgrade: UpgradeTable
  upgrade_scope: UpgradeScopeTable
  upgrade_case: UpgradeCaseTable
  observed: ObservedTable
  person: PersonTable
  identity: IdentityTable
  sign_in_attempt: SignInAttemptTable
  machine_token: MachineTokenTable
  job: JobTable
  absence: AbsenceTable
  lane_holder: LaneHolderTable
  writing_consent: WritingConsentTable
  job_task: JobTaskTable
  job_due: JobDueTable
  job_message: JobMessageTable
  publication: PublicationTable
  mark: MarkTable
  policy_draft: PolicyDraftTable
  policy_draft_text: PolicyDraftTextTable
  approval: ApprovalTable
}
