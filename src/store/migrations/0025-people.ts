/** People with an id of ours, who they are elsewhere, and how they sign in. */
const PEOPLE: readonly string[] = [
  `create table person (
    id text primary key,
    name text not null,
    created_at timestamptz not null default now(),
    -- person:ID, terminal, sandbox
    made_by text not null,
    ended_at timestamptz,
    ended_by text
  )`,

  // Who a person is somewhere else. An e-mail proposes, and only a confirmed one counts for any act.
  `create table identity (
    id bigint generated always as identity primary key,
    person_id text not null references person,
    -- crm: a user of a CRM account; oidc: a subject of an issuer; mail: an address that takes codes
    kind text not null check (kind in ('crm', 'oidc', 'mail')),
    -- crm: the CRM and the account, with a colon between; oidc: the issuer's address; mail: empty
    issuer text not null default '',
    -- crm: the user's id; oidc: the subject; mail: the address in lower case
    subject text not null,
    -- as last told from there: it is shown, and decides nothing
    email text,
    state text not null check (state in ('proposed', 'confirmed', 'conflict', 'refused', 'ended')),
    -- in words, why it was proposed, or what it conflicts with
    why text not null default '',
    proposed_at timestamptz not null default now(),
    -- of one proposed from a session that began with a link: who made that link, and may not confirm it
    link_made_by text,
    confirmed_at timestamptz,
    confirmed_by text,
    ended_at timestamptz,
    ended_by text
  )`,
  // Nobody is two people.
  `create unique index identity_confirmed on identity (kind, issuer, subject) where state = 'confirmed'`,
  `create unique index identity_open on identity (person_id, kind, issuer, subject)
     where state in ('proposed', 'confirmed', 'conflict')`,
  `create index identity_person on identity (person_id)`,
]

const SIGN_IN: readonly string[] = [
  // Nobody stands behind the links and sessions of before, so they end.
  `delete from sign_in_link`,
  `delete from session`,
  `alter table sign_in_link
    add column person_id text not null references person,
    add column made_by text not null,
    -- terminal: made on the server, good for what an admin does; link: weak
    add column method text not null check (method in ('terminal', 'link')),
    add column created_at timestamptz not null default now()`,
  `alter table session
    -- what lists and ends it; the hash stays in the database
    add column id text not null unique,
    add column person_id text not null references person,
    add column method text not null check (method in ('oidc', 'code', 'terminal', 'link', 'sandbox')),
    -- when the person last proved who they are, which a strong act may ask to be recent
    add column signed_in_at timestamptz not null default now(),
    -- of a link: who made it, and may have used it
    add column link_made_by text,
    -- a page that may stay open for weeks and can only pause
    add column only_pauses boolean not null default false,
    -- the browser as it calls itself, so that a person knows their own sessions apart
    add column browser text not null default ''`,
  `create index session_person on session (person_id)`,

  // A sign-in that has begun: bound to the browser by a cookie whose hash stands here.
  `create table sign_in_attempt (
    state_hash bytea primary key,
    cookie_hash bytea not null,
    method text not null check (method in ('oidc', 'code')),
    -- oidc: nonce and PKCE verifier
    nonce text,
    verifier text,
    -- code: where it went, what it was (hashed), and how often a wrong one was tried
    address text,
    code_hash bytea,
    tries integer not null default 0,
    -- a page of ours to return to
    return_to text,
    -- somebody who is signed in adds a way to sign in
    for_person text references person,
    expires_at timestamptz not null,
    used_at timestamptz
  )`,
  `create index sign_in_attempt_address on sign_in_attempt (address, expires_at) where address is not null`,

  // Shown once, kept as a hash. It belongs to a workflow and has a keeper; it never decides.
  `create table machine_token (
    id text primary key,
    token_hash bytea not null unique,
    title text not null,
    workflow text not null,
    keeper_id text not null references person,
    scopes text[] not null check (scopes <@ '{propose,read,ask-for-pause}'),
    made_by text not null,
    made_at timestamptz not null default now(),
    last_used_at timestamptz,
    ended_at timestamptz,
    ended_by text
  )`,
]

export const STATEMENTS: readonly string[] = [...PEOPLE, ...SIGN_IN]
