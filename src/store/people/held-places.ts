import { type Kysely, sql } from 'kysely'
import type { Choice } from '../../model/authority/requirement.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/**
 * In which of these choices the person has a place now, by one join for all of them: what `peopleOf` finds for one. The first
 * group of a choice in which anybody is counts.
 */
export async function placesHeld(
  db: Kysely<Tables>,
  personId: PersonId,
  choices: readonly Choice[],
): Promise<ReadonlySet<number>> {
  const places = choices.flatMap((choice, n) =>
    choice.flatMap((group, grp) => group.map((place) => ({ ...place, choice: n, grp }))),
  )
  if (places.length === 0) return new Set()
  const { rows } = await sql<{ choice: number }>`
    with place as (
      select row_number() over () as place, x.* from unnest(
        ${places.map((place) => place.choice)}::int[], ${places.map((place) => place.grp)}::int[],
        ${places.map((place) => place.workflow)}::text[], ${places.map((place) => place.lane)}::text[],
        ${places.map((place) => place.circle)}::text[], ${places.map((place) => place.deputies)}::text[]
      ) as x(choice, grp, workflow, lane, circle, deputies)
    ), there as (
      select p.choice, p.grp, p.deputies, h.person_id, h.role,
        bool_or(h.role <> 'deputy') over (partition by p.place) as has_holder
      from place p
      join lane_holder h on h.workflow = p.workflow and h.lane = p.lane and (p.circle is null or h.circle = p.circle)
        and (h.until is null or h.until > clock_timestamp())
    ), may as (
      select choice, grp, person_id from there
      where role <> 'deputy' or deputies = 'always' or (deputies = 'standing-in' and not has_holder)
    ), first as (select choice, min(grp) as grp from may group by choice)
    select distinct m.choice from first f join may m using (choice, grp) where m.person_id = ${personId}`.execute(db)
  return new Set(rows.map(({ choice }) => choice))
}
