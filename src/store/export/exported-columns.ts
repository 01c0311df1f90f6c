/** A table of which an export keeps some columns. Every column that is not listed stays behind, also a future one. */
export type ExportedTable = {
  readonly file: string
  readonly table: string
  /** Columns that identify a row, text or numbers; rows are exported in their order. */
  readonly key: readonly string[]
  readonly columns: readonly ExportedColumn[]
  /** For the README of the export. */
  readonly about: string
}

/** `url`: without user, password and query. A list: of the JSON document only these keys. */
export type ExportedColumn = { readonly name: string; readonly keep: 'whole' | 'url' | readonly string[] }

const whole = (...names: string[]): ExportedColumn[] => names.map((name) => ({ name, keep: 'whole' }))

/**
 * A list of what may leave rather than of secrets: a column that an older or newer version sealed, or put a token in,
 * is not on it. Free text that quotes a CRM's answer (`status_reason`) and webhook addresses, whose path may be a
 * secret, stay behind too. A column that the database lacks is skipped.
 */
export const EXPORTED_TABLES: readonly ExportedTable[] = [
  {
    file: 'connections.jsonl',
    table: 'connection',
    key: ['id'],
    columns: [
      ...whole(
        'id',
        'crm',
        'title',
        'account_id',
        'actor_id',
        'actor_name',
        'edition',
        'time_zone',
        'status',
        'home_currency',
      ),
      { name: 'base_url', keep: 'url' },
      { name: 'pages_url', keep: 'url' },
      { name: 'address', keep: ['baseUrl', 'apiVersion', 'pubsubAddress'] },
      ...whole('grant_kind', 'made_by', 'feed', 'writes_since', 'writes_by', 'joined_at', 'created_at', 'erased_at'),
    ],
    about: 'connected CRMs, without credentials, tokens and webhook secrets: enter those again when you reconnect',
  },
  {
    file: 'policies.jsonl',
    table: 'policy_version',
    key: ['hash'],
    columns: whole('hash', 'workflow', 'document', 'source', 'stored_at'),
    about: 'every version of every policy; the ledger names them by hash',
  },
  {
    file: 'workflows.jsonl',
    table: 'workflow',
    key: ['workflow'],
    columns: whole(
      'workflow',
      'title',
      'hash',
      'mode',
      'effective_mode',
      'problems',
      'load_error',
      'file',
      'updated_at',
    ),
    about: 'the workflows, each with the hash of the policy that was in force',
  },
  {
    file: 'workflow-versions.jsonl',
    table: 'workflow_version',
    key: ['workflow', 'hash', 'reading_version'],
    columns: whole('id', 'workflow', 'hash', 'reading_version', 'first_at'),
    about: 'since when each version of a policy was in force, by the version of our own code that read it',
  },
  {
    file: 'workflow-connections.jsonl',
    table: 'workflow_connection',
    key: ['connection_id', 'workflow'],
    columns: whole('connection_id', 'workflow', 'effective_mode', 'began_at', 'waits_for'),
    about: 'how far each workflow runs in each connection, since when, and what it waits for before it begins',
  },
  {
    file: 'persons.jsonl',
    table: 'person',
    key: ['id'],
    columns: whole('id', 'name', 'created_at', 'made_by', 'ended_at', 'ended_by'),
    about: 'whom the ledger names as person:ID',
  },
  {
    file: 'identities.jsonl',
    table: 'identity',
    key: ['id'],
    columns: whole(
      'id',
      'person_id',
      'kind',
      'issuer',
      'subject',
      'email',
      'state',
      'why',
      'proposed_at',
      'confirmed_at',
      'confirmed_by',
      'ended_at',
      'ended_by',
    ),
    about: 'who each person is in a CRM and how they sign in',
  },
  {
    file: 'jobs.jsonl',
    table: 'job',
    key: ['id'],
    columns: whole(
      'id',
      'workflow',
      'lane',
      'circle',
      'deputy',
      'place',
      'person_id',
      'offered_at',
      'offered_by',
      'accepted_at',
      'accepted_before_people',
      'declined_at',
      'confirm_by',
      'ended_at',
      'ended_by',
      'end_reason',
    ),
    about: 'who was offered which job, who accepted it, and when it ended',
  },
  {
    file: 'absences.jsonl',
    table: 'absence',
    key: ['id'],
    columns: whole(
      'id',
      'person_id',
      'from_day',
      'until_day',
      'delegate_id',
      'made_by',
      'made_at',
      'ended_at',
      'ended_by',
    ),
    about: 'who was away, and who stood in',
  },
  {
    file: 'publications.jsonl',
    table: 'publication',
    key: ['seq', 'document'],
    columns: whole(
      'seq',
      'document',
      'content_hash',
      'content',
      'source',
      'base_seq',
      'how',
      'draft_id',
      'by',
      'in_force_at',
    ),
    about: 'what came into force, in order; decisions in the ledger name the number as basis.sequence',
  },
  {
    file: 'drafts.jsonl',
    table: 'policy_draft',
    key: ['id'],
    columns: whole(
      'id',
      'document',
      'how',
      'base_seq',
      'hash',
      'state',
      'authors',
      'unknown_author',
      'made_by',
      'made_at',
      'changed_at',
      'approved_at',
      'seq',
      'ended_at',
      'ended_by',
      'end_reason',
    ),
    about: 'the drafts of those publications and of what was never published',
  },
  {
    file: 'draft-texts.jsonl',
    table: 'policy_draft_text',
    key: ['draft_id', 'version'],
    columns: whole('draft_id', 'version', 'hash', 'base_seq', 'source', 'content', 'errors', 'by', 'at'),
    about: 'every text that a draft had',
  },
  {
    file: 'approvals.jsonl',
    table: 'approval',
    key: ['id'],
    columns: whole('id', 'draft_id', 'hash', 'person_id', 'at', 'ended_at', 'end_reason'),
    about: 'who said yes to which text, by its hash',
  },
  {
    file: 'pauses.jsonl',
    table: 'pause',
    key: ['id'],
    columns: whole(
      'id',
      'scope',
      'workflow',
      'branch',
      'connection_id',
      'reason',
      'paused_by',
      'paused_at',
      'asked_by',
      'ended_at',
      'ended_by',
    ),
    about: 'what was paused, by whom and until when',
  },
]
