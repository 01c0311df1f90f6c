import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, HUBSPOT, SALESFORCE, user } from '../../../test/support/example.ts'
import { NO_COMPANY_PEOPLE } from '../record/company-people.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { companyDirectory, mergePeople } from './company-directory.ts'
import { buildDirectory } from './directory.ts'

const ANN = ['ann@acme.com', 'ann.smith@acme.io']
const linked = { persons: [ANN], integrations: [at('sync')] }
const of = (people: readonly CrmUser[], tasks: Record<string, number> = {}) =>
  companyDirectory(buildDirectory(people, new Map(Object.entries(tasks))), linked)
const ann = user(SALESFORCE, 'ann', { email: ANN[0]! })
const smith = user(HUBSPOT, 'smith', { email: ANN[1]! })

describe('people whom the company links', () => {
  it('are found in each CRM by any of their e-mails', () => {
    const directory = of([ann, smith])
    for (const email of ANN) {
      assert.equal(directory.personByEmail(SALESFORCE, email)?.userId, 'sf-ann')
      assert.equal(directory.personByEmail(HUBSPOT, email)?.userId, 'hs-smith')
    }
    assert.equal(directory.personByEmail(HUBSPOT, 'ann@other.com'), undefined)
  })

  it('are the user of the e-mail that was written where they are two users of one CRM', () => {
    const directory = of([ann, user(SALESFORCE, 'smith', { email: ANN[1]! })])
    assert.equal(directory.personByEmail(SALESFORCE, ANN[1]!)?.userId, 'sf-smith')
    assert.equal(directory.personByEmail(SALESFORCE, ANN[0]!)?.userId, 'sf-ann')
  })

  it('are not guessed where the other e-mail is that of two users', () => {
    const directory = of([smith, user(HUBSPOT, 'smith2', { email: ANN[1]! })])
    assert.equal(directory.personByEmail(HUBSPOT, ANN[0]!), undefined)
    assert.equal(directory.peopleByEmail(HUBSPOT, ANN[0]!).length, 2)
  })

  it('have the open tasks of all their e-mails, and are frozen under each', () => {
    const directory = of([user(HUBSPOT, 'smith', { email: ANN[1]!, active: false, frozen: true })], {
      [ANN[0]!]: 2,
      [ANN[1]!]: 3,
    })
    assert.equal(directory.openTasks(ANN[0]!), 5)
    assert.equal(directory.openTasks(at('dach')), 0)
    assert.equal(directory.isFrozen(HUBSPOT, ANN[0]!), true)
  })

  it('are nobody where the company says that a program has the e-mail', () => {
    const directory = of([user(HUBSPOT, 'sync')])
    assert.equal(directory.personByEmail(HUBSPOT, at('sync')), undefined)
    assert.equal(directory.user(HUBSPOT, 'hs-sync')?.integration, true)
    assert.equal(directory.user(HUBSPOT, 'hs-sync'), directory.user(HUBSPOT, 'hs-sync'))
  })
})

describe('what several policies in force say of people', () => {
  it('is one list, in which whoever shares an e-mail is one person', () => {
    const all = [
      { persons: [['a@x', 'b@x']], integrations: ['p@x'] },
      {
        persons: [
          ['c@x', 'd@x'],
          ['b@x', 'e@x'],
        ],
        integrations: ['p@x', 'q@x'],
      },
    ]
    assert.deepEqual(mergePeople(all), {
      persons: [
        ['c@x', 'd@x'],
        ['a@x', 'b@x', 'e@x'],
      ],
      integrations: ['p@x', 'q@x'],
    })
    assert.deepEqual(mergePeople([]), NO_COMPANY_PEOPLE)
  })
})
