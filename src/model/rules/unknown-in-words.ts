import { type MissingInput, type Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
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
  return [
    ...(hidden.length > 0 ? [`our credentials may not read ${together(hidden)}`] : []),
    ...(refused.length > 0 ? [`the CRM shows us no ${together(refused)}`] : []),
    ...(unread.length > 0 ? [`${together(unread)} ${unread.length === 1 ? 'was' : 'were'} not read yet`] : []),
    ...inputs.filter(({ why }) => isDrift(why)).map(({ name, why }) => driftInWords(name, why as never)),
  ].join('; ')
}

const OWNER_IS_ASKED_FOR =
  'Lanekeeper is asking the CRM for the user or queue. If this stays open, check in the CRM that it still exists, and that the integration user may see users and the members of queues.'

/** What to do about one input that is not known, in one or two sentences. */
export function howToMend({ crm, field, objectType, why }: MissingInput): string {
  switch (why) {
    case 'hidden':
      return `Ask your CRM admin to let the integration user read ${field} of ${objectType}.`
    case 'refused':
      return `Ask your CRM admin to let the integration user read ${objectType}.`
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

function isDrift(why: MissingInput['why']): boolean {
  return why !== 'hidden' && why !== 'refused' && why !== 'not-read'
}
