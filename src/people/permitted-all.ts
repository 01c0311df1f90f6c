import type { Kysely } from 'kysely'
import type { Act, Actor, Subject } from '../model/authority/acts.ts'
import { mayAct, refusalBesidesLanes } from '../model/authority/may-act.ts'
import { type Choice, type Requirement, requirementOf, workflowsOf } from '../model/authority/requirement.ts'
import type { Tables } from '../store/database/tables.ts'
import { placesHeld } from '../store/people/held-places.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import { readStanding } from '../store/people/standing.ts'

type Person = Extract<Actor, { readonly kind: 'person' }>

/**
 * For many subjects at once what `verdictOn` says of one, in the same order: for bulk acts, at the effect. The jobs are looked
 * up by one join with `lane_holder`, each place once, however many subjects share it.
 */
export async function mayActAll(
  db: Kysely<Tables>,
  actor: Actor,
  act: Act,
  subjects: readonly Subject[],
): Promise<boolean[]> {
  const { isActive, ...standing } = await readStanding(db, actor.kind === 'person' ? actor.personId : null)
  const requirements = subjects.map((subject) => requirementOf(act, subject))
  if (actor.kind !== 'person' || requirements.some(({ kind }) => kind === 'together')) {
    // Programs hold no lane, and what takes several people is never done in bulk: asked one by one.
    const lanes = await lanesHeld(db, [...new Set(subjects.flatMap(workflowsOf))])
    const asked = actor.kind === 'person' ? { ...actor, isActive: actor.isActive && isActive } : actor
    return subjects.map((subject) => mayAct(asked, act, subject, { ...standing, lanes }).allowed)
  }
  const person: Person = { ...actor, isActive: actor.isActive && isActive }
  const choices = new Choices()
  const wanted = requirements.map((requirement) => placesOf(requirement).map((choice) => choices.numberOf(choice)))
  const held = await placesHeld(db, person.personId, choices.all)
  return subjects.map((subject, n) => {
    if (refusalBesidesLanes(person, act, subject, standing) !== null) return false
    const requirement = requirements[n]!
    if (requirement.kind === 'anybody') return true
    if (requirement.kind === 'self' && requirement.personId === person.personId) return true
    return wanted[n]!.length > 0 && wanted[n]!.every((one) => held.has(one))
  })
}

function placesOf(requirement: Requirement): readonly Choice[] {
  if (requirement.kind === 'one-person') return requirement.each
  return requirement.kind === 'self' ? [requirement.or] : []
}

/** Each choice once: ten thousand cases of one circle are one question. */
class Choices {
  readonly all: Choice[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(choice: Choice): number {
    const key = JSON.stringify(choice)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.all.length)
    this.all.push(choice)
    return this.all.length - 1
  }
}
