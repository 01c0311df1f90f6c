import { actorOfSession, verdictOn } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import { type Identity, identitiesOf } from '../../store/people/identities.ts'
import { type Join, listJoins } from '../../store/people/joins.ts'
import { listPersons, namesOf } from '../../store/people/persons.ts'
import { listSessions, type OpenSession as OpenRow, type Session } from '../../store/people/sessions.ts'
import { linksMadeFor } from '../../store/people/sign-in-links.ts'
import { listTokens, type MachineToken } from '../../store/people/tokens.ts'
import { workflowNames } from '../../store/people/workflow-names.ts'
import type { JoinRow, OpenSession, SessionsReply, TokenRow } from './own-session-types.ts'
import type { SignInSetUp } from './sign-in-set-up.ts'

/** Somebody's own sessions and ways to sign in; for an admin also those of others. */
export async function readOwnSessions(db: Database, session: Session, signIn: SignInSetUp): Promise<SessionsReply> {
  const actor = actorOfSession(session)
  const isAdmin = (await verdictOn(db, actor, 'make-link', {})).allowed
  const { personId } = session
  const [open, identities, links, joins, tokens, workflows, people] = await Promise.all([
    listSessions(db, isAdmin ? null : personId),
    identitiesOf(db, [personId]),
    linksMadeFor(db, personId),
    listJoins(db, isAdmin ? null : personId),
    isAdmin ? listTokens(db) : [],
    isAdmin ? workflowNames(db) : [],
    isAdmin ? listPersons(db) : [],
  ])
  const makers = await namesOf(
    db,
    links.map(({ madeBy }) => idOf(madeBy)),
  )
  const { provider, mailer } = signIn
  return {
    isAdmin,
    onlyWeak: provider === null && mailer === null && session.method !== 'sandbox',
    provider: provider === null ? null : new URL(provider.issuer).hostname,
    code: mailer !== null,
    mine: open.filter((one) => one.personId === personId).map((one) => openSession(one, session)),
    others: open.filter((one) => one.personId !== personId).map((one) => openSession(one, session)),
    ways: identities
      .filter(({ state }) => state === 'confirmed')
      .map((identity) => ({ id: Number(identity.id), way: identity.kind, label: labelOf(identity) })),
    links: links.map(({ madeBy, createdAt, usedAt, isOpen }) => ({
      madeBy: makers.get(idOf(madeBy)) ?? 'the terminal of the server',
      at: createdAt.toISOString(),
      usedAt: usedAt?.toISOString() ?? null,
      isOpen,
    })),
    joins: joins.map(joinRow),
    tokens: tokens.map(tokenRow),
    workflows: [...workflows],
    people: people.map(({ id, name }) => ({ id, name })),
  }
}

function idOf(actor: string): string {
  return actor.replace(/^person:/, '')
}

function openSession(row: OpenRow, { id }: Session): OpenSession {
  const { personId, personName, method, browser, onlyPauses } = row
  return {
    id: row.id,
    person: { id: personId, name: personName },
    method,
    browser,
    since: row.signedInAt.toISOString(),
    seenAt: row.seenAt.toISOString(),
    isThis: row.id === id,
    onlyPauses,
  }
}

function joinRow(join: Join): JoinRow {
  return {
    id: join.id,
    person: { id: join.personId, name: join.personName },
    way: join.kind,
    label: labelOf(join),
    why: join.why,
    isConflict: join.state === 'conflict',
    proposedAt: join.proposedAt.toISOString(),
  }
}

function tokenRow({ id, title, workflow, keeperName, scopes, madeAt, lastUsedAt }: MachineToken): TokenRow {
  return {
    id,
    title,
    workflow,
    keeper: keeperName,
    scopes: [...scopes],
    madeAt: madeAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  }
}

/** The subject of a provider is a number that nobody knows, so its e-mail is shown beside the issuer. */
function labelOf({ kind, issuer, subject, email }: Pick<Identity, 'kind' | 'issuer' | 'subject' | 'email'>): string {
  if (kind === 'mail') return subject
  const from = kind === 'oidc' ? new URL(issuer).hostname : issuer
  return `${email ?? subject} (${from})`
}
