import { currencyPair } from '../record/currency.ts'
import { type MissingInput, type Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
import { objectNoun, objectNouns } from '../record/object-noun.ts'
import { objectShape } from '../record/object-shape.ts'
import { driftInWords } from '../record/schema-drift.ts'
import { together } from './render.ts'

/** Why these inputs are not known, to end a sentence: one clause for each reason. */
export function unknownInWords({ inputs }: Unknown): string {
  const named = (why: MissingInput['why']) => [
    ...new Set(inputs.filter((input) => input.why === why).map(({ name }) => name)),
  ]
  const hidden = named('hidden')
  const refused = named('refused')
  const unread = named('not-read')
  const notVisible = named('not-visible')
  return [
    ...(hidden.length > 0 ? [`our credentials may not read ${together(hidden)}`] : []),
    ...new Set(inputs.filter(({ why }) => why === 'no-such-field').map(noSuchFieldInWords)),
    ...(refused.length > 0 ? [`the CRM shows us no ${together(refused)}`] : []),
    ...(unread.length > 0 ? [`${together(unread)} ${unread.length === 1 ? 'was' : 'were'} not read yet`] : []),
    ...(notVisible.length > 0 ? [`the CRM does not show our user ${together(notVisible)}`] : []),
    ...new Set(inputs.filter(({ why }) => why === 'not-understood').map(notUnderstoodInWords)),
    ...new Set(inputs.filter(({ why }) => why === 'ambiguous').map(sharedInWords)),
    ...named('one-email').map((users) => `${users} have one e-mail, so it is not known whether they are one person`),
    ...new Set(inputs.filter(({ why }) => why === 'no-such-value' || why === 'wrong-type').map(unfitInWords)),
    ...new Set(inputs.filter(({ why }) => why === 'other-currency').map(otherCurrencyInWords)),
    ...inputs.filter(({ why }) => isDrift(why)).map(({ name, why }) => driftInWords(name, why as never)),
  ].join('; ')
}

function noSuchFieldInWords({ crm, objectType, field }: MissingInput): string {
  // A CRM may describe a field that it hides from our user as little as one that it does not have.
  return `the CRM shows us no field ${field} on the ${objectNoun(crm, objectType)}`
}

function unfitInWords({ crm, objectType, field, why }: MissingInput): string {
  const of = `${field} of the ${objectNoun(crm, objectType)}`
  return why === 'wrong-type'
    ? `a rule compares ${of} with a value of another type`
    : `a rule asks whether ${of} is a value that its list does not have`
}

function notUnderstoodInWords({ crm, objectType, field }: MissingInput): string {
  const text = `the text in ${field} of the ${objectNoun(crm, objectType)}`
  const place = placeIn(crm, objectType, field)
  return place === null ? `${text} leaves open which number it means` : `${text} names no ${place} that we know`
}

/** Null: the field holds no place, so that it was asked for a number. */
function placeIn(crm: MissingInput['crm'], objectType: string, field: string): 'state' | 'country' | null {
  const shape = objectShape(crm, objectType)
  return shape?.state === field ? 'state' : shape?.country === field ? 'country' : null
}

/** Both currencies, and that nobody guesses between them. */
function otherCurrencyInWords({ crm, objectType, field }: MissingInput): string {
  const { field: amount, is, wanted } = currencyPair(field) ?? { field, is: 'one currency', wanted: 'another' }
  return `the ${amount} of ${objectNouns(crm, objectType)} is in ${is}, is compared in ${wanted}, and no exchange rate is guessed`
}

/** Whatever the record calls it, "account" or "account.industry": several records of the object share its key. */
function sharedInWords({ crm, objectType, field }: MissingInput): string {
  const several = `more than one ${objectNoun(crm, objectType)}`
  return field === WHOLE_RECORD ? `${several} may be the right one` : `${several} has the same ${field}`
}

const OWNER_IS_ASKED_FOR =
  'Lanekeeper is asking the CRM for the user or queue. If this stays open, check in the CRM that it still exists, and that the integration user may see users and the members of queues.'

/** What to do about one input that is not known, in one or two sentences. */
export function howToMend({ crm, field, objectType, why }: MissingInput): string {
  switch (why) {
    case 'hidden':
      return `Ask your CRM admin to let the integration user read ${field} of ${objectType}.`
    case 'no-such-field':
      return `Ask the workflow owner to correct the name ${field} in the policy. If ${objectType} does have that field, ask your CRM admin to let the integration user read it.`
    case 'no-such-value':
    case 'wrong-type':
      return `Ask the workflow owner to correct what the policy compares ${field} of ${objectType} with. The alert of the connection names the rule, its place and the nearest values.`
    case 'other-currency':
      return `Ask the workflow owner to name the currency of the limit in the policy (revenueCurrency, or currency beside a range), or to write the company's home currency into readings.yaml. In a CRM that works the amount out in its own currency, let the integration user read that field.`
    case 'not-understood':
      if (placeIn(crm, objectType, field) === null) {
        return `Write one number into ${field} of the ${objectNouns(crm, objectType)} that the case lists, in digits without a separator.`
      }
      return `Correct ${field} of the ${objectNouns(crm, objectType)} that the case lists. Where a text is right, ask the workflow owner to add what it means to readings.yaml.`
    case 'refused':
      return `Ask your CRM admin to let the integration user read ${objectType}.`
    case 'ambiguous':
      return howToTellApart(crm, objectType, field)
    case 'one-email':
      return 'Give each of these users an e-mail of their own in the CRM, or deactivate those who are not a person at work. If one is a program, name it under integrations in people.yaml.'
    case 'not-visible':
      return `Share the ${objectType} records that the case lists with the integration user. Where one is not wanted any more, delete it in the CRM: only that tells Lanekeeper that it is gone.`
    case 'not-read':
      // The field was read; the user or queue that it names was not.
      if (objectShape(crm, objectType)?.owner === field) return OWNER_IS_ASKED_FOR
      return field === WHOLE_RECORD
        ? `Lanekeeper is reading ${objectType} now. If this stays open, ask your CRM admin whether the integration user may see all of them.`
        : `Lanekeeper is reading ${field} now. If this stays open, ask your CRM admin to let the integration user read it.`
    default:
      return `Ask your CRM admin what happened to ${field} of ${objectType}; the field or the workflow needs a fix.`
  }
}

function howToTellApart(crm: MissingInput['crm'], objectType: string, field: string): string {
  const link = `where the CRM allows it, link the waiting records to the right ${objectNoun(crm, objectType)}.`
  const nouns = objectNouns(crm, objectType)
  return field === WHOLE_RECORD
    ? `Merge the ${nouns} that are the same, or, ${link}`
    : `Merge the ${nouns} that have the same ${field}, or correct ${field} on all but one of them, or, ${link}`
}

const NO_DRIFT: ReadonlySet<MissingInput['why']> = new Set([
  'other-currency',
  'no-such-value',
  'wrong-type',
  'hidden',
  'no-such-field',
  'not-understood',
  'refused',
  'not-read',
  'not-visible',
  'ambiguous',
  'one-email',
])

function isDrift(why: MissingInput['why']): boolean {
  return !NO_DRIFT.has(why)
}
