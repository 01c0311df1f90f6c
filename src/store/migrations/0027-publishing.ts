/**
 * What was in force when, and what is about to be. A document is a workflow (`workflow:NAME`) or what all workflows share
 * (`company:territories`, `company:calendar`, `company:readings`, `company:people`).
 */
export const STATEMENTS: readonly string[] = [
  // Never changed, never deleted. The latest row of a document is in force.
  `create table publication (
    -- one sequence for all documents; what is put in force together has one number
    seq integer not null check (seq > 0),
    document text not null,
    -- of what the document says: two with the same are the same
    content_hash text not null,
    content jsonb not null,
    source text not null,
    -- the publication of this document that it took the place of; null: the first
    base_seq integer,
    -- seeded: from the files of the sandbox. before-publishing: in force when publishing began
    how text not null check (how in ('seeded', 'before-publishing', 'published', 'narrowed', 'way-back')),
    draft_id bigint,
    -- person:ID of the last yes, or lanekeeper
    by text not null,
    in_force_at timestamptz not null default clock_timestamp(),
    primary key (seq, document)
  )`,
  `create index publication_document on publication (document, seq desc)`,

  `create table policy_draft (
    id bigint generated always as identity primary key,
    document text not null,
    how text not null check (how in ('published', 'narrowed', 'way-back')),
    -- what it would take the place of; null: nothing of this document is in force
    base_seq integer,
    -- binds approvals: of document, base and content. Null: the text has mistakes
    hash text,
    -- draft, approved, preparing: fields are being read. Then in-force, or withdrawn.
    state text not null check (state in ('draft', 'approved', 'preparing', 'in-force', 'withdrawn')),
    -- everybody who changed it since its base, by person id
    authors text[] not null default '{}',
    -- somebody changed it whom we do not know, as in a file
    unknown_author boolean not null default false,
    -- the file that it follows
    file text,
    made_by text not null,
    made_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp(),
    approved_at timestamptz,
    preparing_at timestamptz,
    -- the policies that its fields are read for, as an array
    prepared jsonb,
    seq integer,
    ended_at timestamptz,
    ended_by text,
    end_reason text
  )`,
  `create index policy_draft_open on policy_draft (document) where ended_at is null`,

  // Every text that a draft ever had, so that an approver is told what changed.
  `create table policy_draft_text (
    draft_id bigint not null references policy_draft,
    version integer not null,
    hash text,
    base_seq integer,
    source text not null,
    -- null with errors
    content jsonb,
    errors jsonb not null default '[]'::jsonb,
    by text not null,
    at timestamptz not null default clock_timestamp(),
    primary key (draft_id, version)
  )`,

  `create table approval (
    id bigint generated always as identity primary key,
    draft_id bigint not null references policy_draft,
    hash text not null,
    person_id text not null references person,
    at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    -- changed: the draft has another text; rebased; withdrawn
    end_reason text
  )`,
  `create unique index approval_once on approval (draft_id, hash, person_id) where ended_at is null`,
]
