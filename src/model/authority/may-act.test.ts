import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Act, Actor, LaneHeld, Subject, Verdict } from './acts.ts'
import { mayAct } from './may-act.ts'

const NOW = Date.UTC(2026, 10, 2, 12)

function held(personId: string, lane: LaneHeld['lane'], more: Partial<LaneHeld> = {}): LaneHeld {
  const workflow = lane === 'admin' ? '' : 'leads'
  const circle = lane === 'review' ? 'general' : null
  return { workflow, lane, circle, personId, role: 'holder', untilMs: null, ...more }
}

function person(personId: string, more: Partial<Extract<Actor, { kind: 'person' }>> = {}): Actor {
  return {
    kind: 'person',
    personId,
    strength: 'strong',
    signedInAtMs: NOW,
    isActive: true,
    isActiveInCrm: true,
    ...more,
  }
}

const LANES = [
  held('tom', 'review'),
  held('sara', 'review', { circle: 'senior' }),
  held('olga', 'override'),
  held('rob', 'rollback'),
  held('dora', 'rollback', { role: 'deputy' }),
  held('bea', 'boundary'),
  held('dan', 'data'),
  held('will', 'workflow'),
  held('wanda', 'workflow', { role: 'deputy' }),
  held('ada', 'admin'),
]

function ask(actor: Actor, act: Act, subject: Subject, lanes = LANES, hasSignInProvider = true): Verdict {
  return mayAct(actor, act, { workflow: 'leads', ...subject }, { lanes, nowMs: NOW, hasSignInProvider })
}

function codeOf(verdict: Verdict): string {
  return verdict.allowed ? 'allowed' : verdict.code
}

describe('who may resume', () => {
  it('is the rollback owner or their deputy, by name', () => {
    assert.deepEqual(ask(person('rob'), 'resume', {}), { allowed: true })
    assert.deepEqual(ask(person('dora'), 'resume', {}), { allowed: true })
    assert.deepEqual(ask(person('ada'), 'resume', {}), {
      allowed: false,
      code: 'not-named',
      because: 'Only the rollback owner or their deputy can resume.',
      whoMay: ['rob', 'dora'],
    })
  })

  it('needs a sign-in of the last 15 minutes where people sign in through an issuer', () => {
    const at = (minutes: number) => person('rob', { signedInAtMs: NOW - minutes * 60_000 })
    assert.equal(codeOf(ask(at(15), 'resume', {})), 'allowed')
    assert.equal(codeOf(ask(at(15.01), 'resume', {})), 'old-sign-in')
    assert.equal(codeOf(ask(at(600), 'pause', {})), 'allowed')
    assert.equal(codeOf(ask(at(600), 'resume', {}, LANES, false)), 'allowed')
  })

  it('needs the word of the CRM, unless the person has no user there', () => {
    const by = (isActiveInCrm: boolean | 'no-user' | null) => person('rob', { isActiveInCrm })
    assert.equal(codeOf(ask(by(null), 'resume', {})), 'crm-not-asked')
    assert.equal(codeOf(ask(by(false), 'resume', {})), 'inactive-in-crm')
    assert.equal(codeOf(ask(by('no-user'), 'resume', {})), 'allowed')
    assert.equal(codeOf(ask(by(null), 'pause', {})), 'allowed')
  })
})

describe('what the table gives to an owner alone', () => {
  const raise = (who: string, lanes: LaneHeld[]) => codeOf(ask(person(who), 'raise', {}, lanes))

  it('is the deputy’s only while nobody holds the job, or while the owner is away and named them', () => {
    assert.equal(raise('will', LANES), 'allowed')
    assert.equal(raise('wanda', LANES), 'not-named')
    assert.equal(
      raise(
        'wanda',
        LANES.filter(({ personId }) => personId !== 'will'),
      ),
      'allowed',
    )
    assert.equal(raise('wanda', [...LANES, held('wanda', 'workflow', { role: 'delegate' })]), 'allowed')
  })

  it('ends with the moment to which it was given', () => {
    const until = (untilMs: number) => [held('will', 'workflow', { untilMs })]
    assert.equal(raise('will', until(NOW + 1)), 'allowed')
    assert.equal(raise('will', until(NOW)), 'vacant')
  })
})

describe('nobody', () => {
  it('names themself in a live workflow, and everybody who appoints may below live', () => {
    const self = (isLive: boolean): Subject => ({ lane: 'data', personId: 'will', isLive })
    assert.equal(codeOf(ask(person('will'), 'appoint', self(true))), 'self-appointment')
    assert.equal(codeOf(ask(person('will'), 'appoint', self(false))), 'allowed')
    assert.equal(codeOf(ask(person('will'), 'appoint', { ...self(true), personId: 'nora' })), 'allowed')
  })

  it('resumes several workflows without being rollback owner of each', () => {
    const workflows = ['leads', 'deals']
    const both = [...LANES, held('rob', 'rollback', { workflow: 'deals' })]
    assert.equal(codeOf(ask(person('rob'), 'resume', { workflows }, both)), 'allowed')
    assert.equal(codeOf(ask(person('dora'), 'resume', { workflows }, both)), 'not-named')
    assert.equal(codeOf(ask(person('dora'), 'pause', { workflows }, both)), 'allowed')
  })
})

describe('approvals of a version', () => {
  const publish = (who: string, subject: Subject) => codeOf(ask(person(who), 'approve-publish', subject))

  it('are one of the boundary owner and one of somebody who is not an author', () => {
    assert.equal(publish('bea', { authors: ['will'] }), 'allowed')
    assert.equal(publish('tom', { authors: ['will'], approvedBy: ['bea'] }), 'allowed')
    assert.equal(publish('will', { authors: ['will'], approvedBy: ['bea'] }), 'author')
    assert.equal(publish('ada', { authors: ['will'], approvedBy: ['bea'] }), 'not-named')
    assert.equal(publish('bea', { authors: ['will'], approvedBy: ['bea'] }), 'approved-before')
    assert.equal(publish('sara', { authors: ['will'], approvedBy: ['bea', 'tom'] }), 'no-more-needed')
  })

  it('are of the workflow owner, its deputy or the override owner where the boundary owner wrote it', () => {
    for (const second of ['will', 'wanda', 'olga']) {
      assert.equal(publish(second, { authors: ['bea'], approvedBy: ['bea'] }), 'allowed')
    }
    for (const second of ['tom', 'sara', 'rob', 'dan']) {
      assert.equal(publish(second, { authors: ['bea'], approvedBy: ['bea'] }), 'not-named')
    }
  })

  it('are two besides the boundary owner where nobody knows who wrote it', () => {
    assert.equal(publish('tom', { authors: null, approvedBy: ['bea'] }), 'allowed')
    assert.equal(publish('sara', { authors: null, approvedBy: ['bea', 'tom'] }), 'allowed')
    assert.equal(publish('rob', { authors: null, approvedBy: ['bea', 'tom', 'sara'] }), 'no-more-needed')
  })
})

describe('who names the workflow owner', () => {
  const appoint: Subject = { lane: 'workflow', personId: 'nora' }
  const without = (...lanes: string[]) => LANES.filter(({ lane }) => !lanes.includes(lane))
  const named = (who: string, lanes: LaneHeld[]) => codeOf(ask(person(who), 'appoint', appoint, lanes))

  it('is the workflow owner, the boundary owner while that job is vacant, and an admin while both are', () => {
    assert.equal(named('will', LANES), 'allowed')
    assert.equal(named('bea', LANES), 'not-named')
    assert.equal(named('bea', without('workflow')), 'allowed')
    assert.equal(named('ada', without('workflow')), 'not-named')
    assert.equal(named('ada', without('workflow', 'boundary')), 'allowed')
  })

  it('is never their deputy, who would name themself', () => {
    const withoutOwner = LANES.filter(({ personId }) => personId !== 'will')
    assert.equal(named('wanda', withoutOwner), 'not-named')
    assert.equal(named('bea', withoutOwner), 'allowed')
  })
})

describe('the terminal of the server', () => {
  it('may what an admin may and nothing of a lane', () => {
    const by: Actor = { kind: 'terminal' }
    assert.equal(codeOf(ask(by, 'connect', {}, [])), 'allowed')
    assert.equal(codeOf(ask(by, 'appoint', { lane: 'workflow', personId: 'x' }, [])), 'allowed')
    assert.equal(codeOf(ask(by, 'appoint', { lane: 'workflow', personId: 'x' })), 'machine')
    for (const act of ['answer', 'pause', 'resume', 'approve-publish', 'raise', 'accept'] as const) {
      assert.equal(codeOf(ask(by, act, { class: 'expected', personId: 'tom' })), 'machine', act)
    }
  })
})
