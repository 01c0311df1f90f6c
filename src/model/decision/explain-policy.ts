import { minutesOfDay } from '../calendar/working-days.ts'
import { EXCEPTION_CLASSES } from '../classes/class.ts'
import { CIRCLE, POSTURE } from '../classes/posture.ts'
import { objectInWords } from '../patterns/contract/wording.ts'
import { patternOf } from '../patterns/registry.ts'
import { MARKED_CLASSES } from '../policy/mark.ts'
import type { Branch, ClassRule, PatternSetting, Policy, PolicyVersion } from '../policy/policy.ts'
import { mayOverlap } from '../rules/overlap.ts'
import { either, renderConditions, renderOwner, together } from '../rules/render.ts'
import { LOOP_DEFAULT, type LoopSetting } from './owner-loop.ts'

/** The policy as a RevOps admin can read it aloud. */
export function explainPolicy({ policy, hash }: PolicyVersion): string {
  const parts = [
    `${policy.title} (${policy.workflow})`,
    `Version ${hash.slice(0, 12)}. ${modeSentence(policy)}`,
    section('What it does', [
      policy.action.says,
      policy.action.when === 'never'
        ? 'No record waits for it; it watches, and acts only where a rule may fix a case.'
        : `A record waits for it while ${renderConditions(policy.action.when)}.`,
      `It watches ${together(policy.objects.map(objectInWords))}${policy.scope.length === 0 ? '' : `, where ${renderConditions(policy.scope)}`}.`,
      `If it were wrong for two weeks: ${policy.ifWrongForTwoWeeks}`,
    ]),
    section('Who', people(policy)),
    section('What counts as an exception', policy.patterns.map(patternSentence)),
    section('How a case is classed, first match', [
      ...policy.classes.map(classSentence),
      'Any other case is unknown: it blocks, a reviewer inspects it, and no rule ever fixes it.',
      'The record or account of an existing customer makes a case customer-facing at least.',
      `Open pipeline of ${policy.guards.revenueThreshold} or more on the account makes a case revenue-impacting at least.`,
    ]),
    section('What happens with a case', [
      ...EXCEPTION_CLASSES.map((name) => postureSentence(name, policy)),
      loopSentence(policy.guards.loops ?? LOOP_DEFAULT),
    ]),
    ...policy.boundary.map((branch, i) => branchSection(branch, i, policy)),
    section('Where none of these branches fits', ['No rule decides; a waiting record becomes a no-rule case.']),
  ]
  return `${parts.join('\n\n')}\n`
}

function section(title: string, lines: readonly string[]): string {
  return `${title}\n${lines.map((line) => `  - ${line}`).join('\n')}`
}

function modeSentence({ mode, pilot }: Policy): string {
  switch (mode) {
    case 'draft':
      return 'Set to draft: it decides nothing and writes nothing.'
    case 'observe':
      return 'Set to observe: it decides, and writes to no CRM.'
    case 'pilot':
      return `Set to pilot: it writes at most ${pilot?.dailyCap ?? 0} owners a day, and only where ${renderConditions(pilot?.when ?? [])}.`
    case 'live':
      return 'Set to live: it writes tasks and owners, where every job is filled and the CRM may be written to.'
  }
}

function people({ owners }: Policy): string[] {
  const { general, senior, approved } = owners.reviewers
  return [
    `Reviews: ${inOrder(general)}.`,
    `Reviews what touches customers: ${inOrder(senior)}.`,
    `Reviews what touches revenue, and nobody else may: ${inOrder(approved)}.`,
    `Overrides an outcome: ${owners.override ?? NOBODY}.`,
    `Pauses the workflow, alone and at once, and resumes it: ${owners.rollback ?? NOBODY}.`,
    `Decides where rules win: ${owners.boundary ?? NOBODY}.`,
    `Watches that the data is fresh: ${owners.data ?? NOBODY}.`,
    `Answers for the business outcome: ${owners.workflow ?? NOBODY}.`,
  ]
}

const NOBODY = 'nobody yet'

function inOrder(emails: readonly string[]): string {
  if (emails.length === 0) return NOBODY
  return emails.length === 1 ? emails[0]! : `${emails[0]}, or when they cannot ${emails.slice(1).join(', then ')}`
}

function patternSentence(setting: PatternSetting): string {
  const { pattern, only } = setting
  const on = only === undefined ? '' : ` (only ${objectInWords(only)})`
  return `${pattern}: ${patternOf(setting).sentence(setting)}${on}.`
}

function classSentence(rule: ClassRule): string {
  const where = rule.when.length === 0 ? '' : ` where ${renderConditions(rule.when)}`
  return `${rule.pattern ?? 'Any pattern'}${where} is ${rule.class}. ${rule.because}`
}

const WHAT_HAPPENS = {
  confirm: 'it goes to a queue and holds nothing up',
  hold: 'a named reviewer looks before anything moves',
  stop: 'everything stops until a person has decided',
} as const

function postureSentence(name: (typeof EXCEPTION_CLASSES)[number], { guards, owners, calendar }: Policy): string {
  const minutes = guards.deadlineMinutes[name]
  const dayMinutes = minutesOfDay(calendar)
  const due =
    minutes % dayMinutes === 0
      ? count(minutes / dayMinutes, 'business day')
      : minutes % 60 === 0
        ? count(minutes / 60, 'business hour')
        : count(minutes, 'business minute')
  const first = owners.reviewers[CIRCLE[name]][0] ?? NOBODY
  return `${name}: ${WHAT_HAPPENS[POSTURE[name]]}; first asked is ${first}, due in ${due}.`
}

function loopSentence({ alternations, withinHours }: LoopSetting): string {
  return (
    `Where a rule and somebody else, or two rules, change an owner in turn ${count(alternations, 'time')} within ` +
    `${count(withinHours, 'hour')}, no rule writes that owner until the case is settled.`
  )
}

function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? '' : 's'}`
}

function branchSection(branch: Branch, index: number, policy: Policy): string {
  const title = `Branch ${index + 1}, ${branch.branch}: ${renderConditions(branch.when)}${index > 0 ? ', unless an earlier branch took it' : ''}`
  if (branch.mode !== 'rules') {
    const how = branch.mode === 'review' ? 'A person decides each case' : 'Everything is done by hand'
    return section(title, [`${how}. ${branch.because}`])
  }
  const lines = [`Rules decide. ${branch.because}`]
  for (const [i, rule] of branch.rules.entries()) {
    const rivals = branch.rules.slice(0, i).filter((earlierRule) => mayOverlap(earlierRule.when, rule.when))
    const earlier = rivals.length === 0 ? '' : `, unless ${either(rivals.map(({ id }) => id))} took it`
    lines.push(
      `${i + 1}. ${rule.id}: if ${renderConditions(rule.when)}${earlier}, ${rule.owner === 'leave-alone' ? 'it is left alone' : `it goes to ${renderOwner(rule.owner)}`}. ${rule.because}`,
    )
  }
  const others = policy.action.when === 'never' ? '' : ' A waiting record that no rule covers becomes a no-rule case.'
  lines.push(
    branch.settles.length === 0
      ? `No exception is settled by these rules.${others}`
      : `These rules settle ${together(branch.settles)} without a person while the case is expected, and a ${either(MARKED_CLASSES)} case while the rule is marked for it (page Changes).${others}`,
  )
  if (branch.settles.length > 0) lines.push(...markedSentences(branch, policy))
  return section(title, lines)
}

/** None for a text that nothing is known of beside what it says. */
function markedSentences({ rules }: Branch, { marks = [] }: Policy): string[] {
  return MARKED_CLASSES.flatMap((name) => {
    const marked = rules.filter(({ id }) => marks.some((mark) => mark.rule === id && mark.class === name))
    if (marked.length === 0) return []
    const which = marked.length === rules.length ? 'all of them' : together(marked.map(({ id }) => id))
    return [`Marked for ${name} cases now: ${which}.`]
  })
}
