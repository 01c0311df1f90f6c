import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildDirectory } from '../model/people/directory.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import type { CrmUser } from '../model/record/crm-user.ts'
import { findPeopleConflicts } from './people-conflicts.ts'

const H = 'hubspot-1' as ConnectionId
const S = 'salesforce-1' as ConnectionId

function person(connectionId: ConnectionId, userId: string, email: string, change: Partial<CrmUser> = {}): CrmUser {
  return {
    connectionId,
    userId,
    kind: 'person',
    email,
    name: 'Ann Lee',
    active: true,
    activeMembers: 0,
    timeZone: null,
    ...change,
  }
}

describe('people who cannot be told apart', () => {
  it('two active users of one CRM with one e-mail are named, and neither is taken', () => {
    const users = [person(H, '1', 'ann@x.example'), person(H, '2', 'ann@x.example', { name: 'Ann Li' })]
    assert.deepEqual(findPeopleConflicts(users, H), [
      { kind: 'one-email', connectionId: H, email: 'ann@x.example', people: ['Ann Lee (1)', 'Ann Li (2)'] },
    ])
    assert.equal(buildDirectory(users, new Map()).personByEmail(H, 'ann@x.example'), undefined)
  })

  it('of two with one e-mail the only active one is meant', () => {
    const users = [person(H, '1', 'ann@x.example', { active: false }), person(H, '2', 'ann@x.example')]
    assert.deepEqual(findPeopleConflicts(users, H), [])
    assert.equal(buildDirectory(users, new Map()).personByEmail(H, 'ann@x.example')?.userId, '2')
  })

  it('one name under two e-mails in two CRMs is shown, and not joined', () => {
    const users = [person(H, '1', 'ann.lee@x.example'), person(S, '5', 'alee@x.example')]
    assert.deepEqual(findPeopleConflicts(users, H), [
      {
        kind: 'alias',
        connectionId: H,
        otherConnectionId: S,
        people: ['Ann Lee <ann.lee@x.example>', 'Ann Lee <alee@x.example>'],
      },
    ])
    assert.equal(buildDirectory(users, new Map()).personByEmail(S, 'ann.lee@x.example'), undefined)
  })

  it('two people of one name, one of whom is in both CRMs, are no conflict', () => {
    const users = [person(H, '1', 'ann@x.example'), person(S, '5', 'ann@x.example'), person(S, '6', 'ann2@x.example')]
    assert.deepEqual([...findPeopleConflicts(users, H), ...findPeopleConflicts(users, S)], [])
  })
})
