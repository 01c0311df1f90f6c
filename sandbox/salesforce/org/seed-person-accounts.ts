import type { World } from '../../world/records/world.ts'
import { isLive, type Org, textOf, toSecond } from './org.ts'
import { personContact } from './person-accounts.ts'
import type { FieldValue } from './record-store.ts'

const DAY_MS = 86_400_000

/**
 * People who buy for themselves, all in order: an owner of their country, an address and an e-mail of their own, and none
 * of what a business fills in. `owner` is the local part of the owner's address.
 */
const PEOPLE = [
  { first: 'Greta', last: 'Lindholm', country: 'Germany', territory: 'dach', owner: 'jonas.huber' },
  { first: 'Paul', last: 'Okonkwo', country: 'United Kingdom', territory: 'uki', owner: 'aoife.byrne' },
  { first: 'Irene', last: 'Vidal', country: 'Spain', territory: 'iberia-italy', owner: 'pablo.ortega' },
  { first: 'Tomasz', last: 'Zielony', country: 'Poland', territory: 'cee', owner: 'petr.novak' },
  { first: 'Marion', last: 'Delcourt', country: 'France', territory: 'france', owner: 'hugo.moreau' },
] as const

/** The few person accounts of an org that has them on. */
export function seedPersonAccounts(org: Org, { nowMs }: Pick<World, 'nowMs'>): void {
  for (const [index, { first, last, country, territory, owner }] of PEOPLE.entries()) {
    const user = [...org.store.table('User').values()].find(
      (one) => isLive(one) && one.IsActive === true && textOf(one, 'Email').startsWith(`${owner}@`),
    )
    // A world without this representative has one person account less.
    if (user === undefined) continue
    const atMs = toSecond(nowMs - (40 + index) * DAY_MS)
    const account: { Id: string; [field: string]: FieldValue } = { Id: org.ids.take('001') }
    for (const field of org.catalog.get('Account')!.fields.values()) {
      if (field.type !== 'address' && field.name !== 'Id') account[field.name] = field.defaultValue
    }
    Object.assign(account, {
      IsPersonAccount: true,
      PersonContactId: org.ids.take('003'),
      FirstName: first,
      LastName: last,
      Name: `${first} ${last}`,
      PersonEmail: `${first}.${last}@posteo.example`.toLowerCase(),
      PersonMailingCountry: country,
      Territory__c: territory,
      OwnerId: user.Id,
      CreatedDate: atMs,
      CreatedById: user.Id,
      LastModifiedDate: atMs,
      LastModifiedById: user.Id,
      SystemModstamp: atMs,
      IsDeleted: false,
    })
    org.store.seed('Account', account)
    org.store.seed('Contact', personContact(org, account, undefined))
  }
}
