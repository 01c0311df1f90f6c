import type { YAMLParseError } from 'yaml'
import type { z } from 'zod'
import { keyMeant } from './known-keys.ts'

/** What to do about text that is no YAML. Without an entry the parser's own words have to do. */
const REMEDIES: Readonly<Partial<Record<YAMLParseError['code'], string>>> = {
  TAB_AS_INDENT: 'a tab stands where only spaces may; replace it by spaces',
  DUPLICATE_KEY: 'the same key is there twice in one place; keep one of them',
  BAD_ALIAS:
    'an alias (*) or anchor (&) has no name that can be read; write the value itself, in quotes if it begins with one of them',
  MULTIPLE_DOCS: 'a second document begins here (---); each file holds one, so move it to a file of its own',
  MISSING_CHAR:
    'a quote, comma or bracket is missing before this place; close what was opened, and put a blank after each colon',
  BAD_INDENT: 'this line stands further left or right than its neighbors; give it as many spaces as they have',
  BAD_SCALAR_START: 'a value may not begin with this character; put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a second colon makes another key of this; put the text in quotes if it holds a colon, and check the spaces in front',
  MULTILINE_IMPLICIT_KEY:
    'this line is no "key: value"; put a blank after the colon, and quotes around text that holds one',
  UNEXPECTED_TOKEN: 'something stands here that belongs to nothing; check the quotes and brackets before it',
  TAG_RESOLVE_FAILED:
    'a word with ! in front is a tag, and this one is not known; remove it, or put the value in quotes',
}

export function yamlMessage({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): string {
  const remedy = REMEDIES[code]
  return remedy === undefined ? `is not valid YAML: ${message}` : `is not valid YAML: ${remedy} (${message})`
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a group of settings (key: value)',
  record: 'a group of settings (key: value)',
  array: 'a list, for example [a, b]',
  string: 'text',
  number: 'a number, without quotes, unit or separator',
  int: 'a whole number',
  boolean: 'true or false, without quotes',
}

function kindOf(expected: string): string {
  return KINDS[expected] ?? expected
}

type Issue = z.core.$ZodIssue

/** What the validator says in its own words, in ours. Ours are said as they are. */
export function issueMessage(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return isTheirs(issue) ? typeMessage(issue.expected, value) : issue.message
    case 'invalid_value':
      return isTheirs(issue) ? choiceMessage(issue.values.map(String), value) : issue.message
    case 'too_small':
      return isTheirs(issue)
        ? `must be ${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}`
        : issue.message
    case 'too_big':
      return isTheirs(issue)
        ? `must be ${issue.inclusive === true ? 'at most' : 'less than'} ${issue.maximum}`
        : issue.message
    default:
      return issue.message.startsWith('Invalid input')
        ? 'has a form that is not allowed here; see config/schema'
        : issue.message
  }
}

function isTheirs({ message }: Issue): boolean {
  return /^(?:Invalid|Too (?:small|big))/.test(message)
}

function typeMessage(expected: string, value: unknown): string {
  if (value === undefined) return `is missing; allowed is ${kindOf(expected)}`
  if (value === null) return `is empty; allowed is ${kindOf(expected)}`
  return `must be ${kindOf(expected)}`
}

function choiceMessage(allowed: readonly string[], value: unknown): string {
  const list = `allowed ${allowed.length === 1 ? 'is' : 'are'} ${allowed.join(', ')}`
  if (value === null || value === undefined || typeof value === 'object') return `is missing; ${list}`
  const meant = keyMeant(String(value), allowed)
  return `is not allowed here; ${list}${meant === undefined ? '' : `; did you mean ${meant} by "${String(value)}"?`}`
}
