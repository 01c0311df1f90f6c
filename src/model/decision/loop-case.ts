import { finding } from '../patterns/contract/pattern.ts'
import { personInWords } from '../patterns/contract/wording.ts'
import { ownershipFlapping } from '../patterns/ownership-flapping.ts'
import { crmProfile } from '../record/crm-profile.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { together } from '../rules/render.ts'
import type { FoundException } from './found-exception.ts'
import { type OwnerLoop, type Side, sideKey } from './owner-loop.ts'

/** C19: sides that take turns, as a case. Always unknown: nobody has said which of them is right. */
export function loopCase(loop: OwnerLoop, facts: CaseFacts): FoundException {
  const { noun, owner } = facts.shape
  const { alternations, setting } = loop
  const sides = namedSides(loop, facts)
  const isOneRule = loop.sides.filter(({ kind }) => kind === 'rule').length < 2
  return {
    setting: { pattern: ownershipFlapping.name, changes: alternations, withinHours: setting.withinHours },
    class: 'unknown',
    classBecause: 'Nobody has decided which of these sides is right',
    unknown: null,
    finding: finding({
      pattern: ownershipFlapping.name,
      what:
        `The owner of this ${noun} goes back and forth between ${together(sides)}: ${alternations} changes in turn, ` +
        'each undoing the one before. Lanekeeper writes no owner here until this is settled.',
      evidence: {
        ...Object.fromEntries(sides.map((side, n) => [`side ${n + 1}`, side])),
        'changes in turn': String(alternations),
      },
      keyFacts: { sides: loop.sides.map(sideKey), alternations },
      todo: isOneRule
        ? `Agree on who owns this ${noun}. Then set the owner that the rule gives, or have the boundary owner change the rule. Either one ends this case; closing the task does not.`
        : `Decide which of these rules gives this ${noun} its owner, and have the boundary owner change or retire the other one. A new version of either policy ends this case; closing the task does not.`,
      holdsField: owner,
    }),
  }
}

/** Why a write is held, for the sentence that begins with what the workflow would have done. */
export function loopInWords(loop: OwnerLoop | null, facts: CaseFacts): string {
  if (loop === null) return 'the case of its changing owner is not closed yet'
  return `the owner goes back and forth between ${together(namedSides(loop, facts))}`
}

/** Each side as people know it. One that the CRM does not name is left out where enough others are named. */
function namedSides({ sides }: OwnerLoop, facts: CaseFacts): string[] {
  const named = sides.filter(({ kind }) => kind !== 'unknown')
  return (named.length >= 2 ? named : sides).map((side) => sideInWords(side, facts))
}

function sideInWords(side: Side, { record, directory }: CaseFacts): string {
  if (side.kind === 'rule') return `the rule ${side.rule} of the workflow ${side.workflow}`
  const crm = crmProfile(record.crm).title
  const user = side.id === null ? undefined : directory.user(record.connectionId, side.id)
  const who = user === undefined ? null : personInWords(user)
  switch (side.kind) {
    case 'person':
      return who ?? (side.id === null ? `a person in ${crm}` : `a person in ${crm} (user ${side.id})`)
    case 'integration':
      return `an integration with ${crm}${who === null ? idInWords(side.id) : ` (${who})`}`
    case 'automation':
      return `an automation of ${crm}${who === null ? idInWords(side.id) : ` (${who})`}`
    case 'unknown':
      return `somebody whom ${crm} does not name`
  }
}

function idInWords(id: string | null): string {
  return id === null ? '' : ` (${id})`
}
