import type { HubSpotOwner } from '../../world/records/world.ts'

/** The portal's users as owners. Deactivated people stay, archived, because records still name them. */
export class OwnerDirectory {
  readonly #byId = new Map<string, HubSpotOwner>()
  readonly #unlisted = new Set<string>()
  readonly #createdAtMs: number

  constructor(owners: readonly HubSpotOwner[], createdAtMs: number) {
    this.#createdAtMs = createdAtMs
    for (const owner of owners) this.#byId.set(owner.id, owner)
  }

  byId(id: string): HubSpotOwner | undefined {
    return this.#byId.get(id)
  }

  byUserId(userId: number): HubSpotOwner | undefined {
    return this.all().find((owner) => owner.userId === userId)
  }

  byEmail(email: string): HubSpotOwner | undefined {
    return this.all().find((owner) => owner.email.toLowerCase() === email.toLowerCase())
  }

  all(): HubSpotOwner[] {
    return [...this.#byId.values()]
  }

  setArchived(id: string, archived: boolean): void {
    const owner = this.#byId.get(id)
    if (owner !== undefined) this.#byId.set(id, { ...owner, archived })
  }

  /** A list that lacks an owner, as with a page that did not come: by id the owner is there. */
  setListed(id: string, listed: boolean): void {
    if (listed) this.#unlisted.delete(id)
    else this.#unlisted.add(id)
  }

  listed(): HubSpotOwner[] {
    return this.all().filter(({ id }) => !this.#unlisted.has(id))
  }

  /** Removes the owner from both lists. Records keep the id. */
  remove(id: string): void {
    this.#byId.delete(id)
  }

  /** For an archived owner, HubSpot gives the user id only under the longer name. */
  wire(owner: HubSpotOwner): Record<string, unknown> {
    const at = new Date(this.#createdAtMs).toISOString()
    return {
      id: owner.id,
      type: 'PERSON',
      email: owner.email,
      firstName: owner.firstName,
      lastName: owner.lastName,
      userId: owner.archived ? null : owner.userId,
      userIdIncludingInactive: owner.userId,
      createdAt: at,
      // A change of the user's permissions or state does not move it.
      updatedAt: at,
      archived: owner.archived,
      teams: [],
    }
  }
}
