import { ownerText } from '../model/jobs/job-texts.ts'
import type { Database } from '../store/database/database.ts'
import { mailAddresses, type NewMessage } from '../store/offers/job-messages.ts'
import type { Job } from '../store/people/jobs.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'
import type { PersonId } from '../store/people/persons.ts'

type Facts = {
  readonly jobs: readonly Job[]
  readonly workflows: ReadonlyMap<string, { readonly title: string }>
  readonly names: ReadonlyMap<PersonId, string>
  readonly publicUrl: string
  readonly isSandbox: boolean
}

/**
 * Mails to the owners of a workflow in which somebody named a person for a job: whoever held a job of it then, but not who
 * asked or was asked. They are only told; the page People shows them the same.
 */
export async function ownerMessages(db: Database, facts: Facts): Promise<NewMessage[]> {
  const { jobs, names } = facts
  const offers = jobs.filter(({ state, offeredBy }) => state === 'offered' && offeredBy.startsWith('person:'))
  if (offers.length === 0) return []
  const active = new Set((await lanesHeld(db, null)).map(({ workflow, personId }) => `${workflow}/${personId}`))
  const told = offers.flatMap((offer) => {
    const owners = jobs.filter(
      (job) =>
        job.workflow === offer.workflow &&
        job.lane !== 'review' &&
        job.state === 'accepted' &&
        job.acceptedAt! <= offer.offeredAt &&
        active.has(`${job.workflow}/${job.personId}`),
    )
    const ids = new Set(owners.map(({ personId }) => personId))
    return [...ids]
      .filter((id) => id !== offer.personId && `person:${id}` !== offer.offeredBy)
      .map((owner) => ({ offer, owner }))
  })
  const addresses = await mailAddresses(
    db,
    told.map(({ owner }) => owner),
  )
  return told.flatMap(({ offer, owner }): NewMessage[] => {
    const address = addresses.get(owner)
    if (address === undefined) return []
    const { subject, body } = ownerText({
      ...offer,
      workflowTitle: facts.workflows.get(offer.workflow)?.title ?? offer.workflow,
      asker: names.get(offer.offeredBy.replace(/^person:/, '')) ?? 'Lanekeeper',
      asked: names.get(offer.personId) ?? 'Somebody',
      url: `${facts.publicUrl}/people?workflow=${encodeURIComponent(offer.workflow)}`,
      isSandbox: facts.isSandbox,
    })
    return [{ jobId: offer.id, cause: `offer/${offer.id}`, personId: owner, reason: 'told', address, subject, body }]
  })
}
