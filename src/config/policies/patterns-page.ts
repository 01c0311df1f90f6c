import { join } from 'node:path'
import type { Parameter } from '../../model/patterns/contract/parameter.ts'
import type { Pattern } from '../../model/patterns/contract/pattern.ts'

export const PATTERNS_PAGE = join(import.meta.dirname, '../../../docs/patterns.md')

const BEGIN = '<!-- Generated from src/model/patterns by `npm run generate` -->'
const END = '<!-- End of the generated part -->'

/** `docs/patterns.md` with its generated part made from these patterns. What people wrote around it stays. */
export function patternsPage(page: string, registered: readonly Pattern[]): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`docs/patterns.md needs a line ${BEGIN} and after it a line ${END}`)
  return `${page.slice(0, begin)}${BEGIN}\n\n${patternsText(registered)}\n\n${page.slice(end)}`
}

function patternsText(registered: readonly Pattern[]): string {
  const rows = registered.map(
    ({ name, title, meaning, floor, isBuiltIn }) =>
      `| \`${name}\` | ${title} | ${meaning} | ${floor ?? 'expected'} | ${isBuiltIn ? 'always' : 'where a policy lists it'} |`,
  )
  const settings = registered.flatMap(({ name, parameters }) =>
    Object.entries(parameters).map(
      ([key, parameter]) => `| \`${name}\` | \`${key}\` | ${parameter.says} | ${allowed(parameter)} |`,
    ),
  )
  return [
    '| Pattern | Title | Found when | Lowest class | Watched |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'Settings in a policy file:',
    '',
    '| Pattern | Setting | Meaning | Value |',
    '|---|---|---|---|',
    ...settings,
  ].join('\n')
}

function allowed(parameter: Parameter): string {
  switch (parameter.kind) {
    case 'field':
      return 'a field'
    case 'fields':
      return 'a list of fields'
    case 'whole-number': {
      const { least, most, otherwise } = parameter
      const range = most === undefined ? `whole number, at least ${least}` : `whole number, ${least} to ${most}`
      return otherwise === undefined ? range : `${range}; ${otherwise} when left out`
    }
    case 'positive-number':
      return `number above 0, at most ${parameter.most}`
    case 'yes-or-no':
      return parameter.otherwise === undefined ? 'true or false' : `true or false; ${parameter.otherwise} when left out`
    case 'object':
      return 'an object such as `hubspot.contacts`; optional'
    case 'texts':
      return 'a list of texts; optional'
    case 'compared-objects':
      return 'a list of objects, each `hubspot.contacts` or `{ object: hubspot.contacts, subject: newer or ours }`'
  }
}
