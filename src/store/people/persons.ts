import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Of ours, and nobody else's: no e-mail, no user id. 16 hexadecimal digits. */
export type PersonId = string

export type Person = {
  readonly id: PersonId
  readonly name: string
  readonly endedAt: Date | null
}

/** What the ledger and every table call somebody. */
export function actorOf(personId: PersonId): string {
  return `person:${personId}`
}

/** Null: the actor was no person. */
export function personOfActor(actor: string): PersonId | null {
  return actor.startsWith('person:') ? actor.slice('person:'.length) : null
}

/** A person with no identity and no job yet. `madeBy`: `person:ID`, `terminal` or `sandbox`. */
export async function createPerson(
  db: Kysely<Tables>,
  { name, madeBy }: { readonly name: string; readonly madeBy: string },
): Promise<PersonId> {
  const id = randomBytes(8).toString('hex')
  await db.insertInto('person').values({ id, name, made_by: madeBy }).execute()
  return id
}

export async function findPerson(db: Kysely<Tables>, id: PersonId): Promise<Person | null> {
  const row = await db.selectFrom('person').select(['id', 'name', 'ended_at']).where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : { id: row.id, name: row.name, endedAt: row.ended_at }
}

/** By id; ids that name nobody are left out. */
export async function namesOf(db: Kysely<Tables>, ids: readonly PersonId[]): Promise<ReadonlyMap<PersonId, string>> {
  if (ids.length === 0) return new Map()
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from person where id = any(${[...new Set(ids)]}::text[])`.execute(db)
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Everybody who has this address now: as one that takes codes, or as a confirmed user of a CRM. For showing and asking only. */
export async function personsByAddress(db: Kysely<Tables>, address: string): Promise<Person[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select distinct p.id, p.name from person p
    join identity i on i.person_id = p.id and i.state = 'confirmed' and i.kind in ('mail', 'crm')
    where p.ended_at is null and lower(coalesce(i.email, i.subject)) = ${address.trim().toLowerCase()}
    order by p.id`.execute(db)
  return rows.map(({ id, name }) => ({ id, name, endedAt: null }))
}

/** Everybody who has not left, by name. */
export async function listPersons(db: Kysely<Tables>): Promise<Person[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from person where ended_at is null order by name, id limit 2000`.execute(db)
  return rows.map(({ id, name }) => ({ id, name, endedAt: null }))
}
