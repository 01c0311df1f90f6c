import type { ConnectionId, Crm, FieldText } from './change-event.ts'
import type { DriftKind } from './schema-drift.ts'

/**
 * Why an input is not known. `hidden`: our credentials may not read the field. `no-such-field`: the CRM describes no field of
 * that name. `no-such-value`, `wrong-type`: the policy asks of the field what it can never hold there. `refused`: the CRM shows
 * us no record of the object. `other-currency`: it is an amount in another currency than it is compared in. `not-read`: we have
 * not read it yet, and ask for it. `not-visible`: the CRM does not show us this record, and does not say that it is gone.
 * `not-understood`: the field holds a text that names no country or state, or leaves open which number it means.
 * `ambiguous`: more than one record may be the one that is meant. `one-email`: more than one active user has the owner's e-mail.
 * The others: what we read no longer means what the policies were written for.
 */
export type WhyUnknown =
  | 'hidden'
  | 'no-such-field'
  | 'no-such-value'
  | 'wrong-type'
  | 'refused'
  | 'not-visible'
  | 'not-understood'
  | 'ambiguous'
  | 'one-email'
  | 'other-currency'
  | DriftKind

/** One input that is not known. */
export type MissingInput = {
  readonly connectionId: ConnectionId
  readonly crm: Crm
  readonly objectType: string
  /** By the CRM's own name; `WHOLE_RECORD`: nothing of the record is known. */
  readonly field: string
  readonly why: WhyUnknown
  /** As the record that is decided sees it: `country`, `account.industry`. */
  readonly name: string
  /** The record to be read so that it becomes known, where it is another one than the record that is decided. */
  readonly recordId?: string
}

export const WHOLE_RECORD = '*'

/** That something is not known, and because of which inputs: at least one. */
export class Unknown {
  readonly inputs: readonly MissingInput[]

  constructor(inputs: readonly [MissingInput, ...MissingInput[]]) {
    this.inputs = inputs
  }

  /** Nothing missing is null, so that `unknown === null` says that everything is known. */
  static of(inputs: readonly MissingInput[]): Unknown | null {
    const [first, ...rest] = inputs
    return first === undefined ? null : new Unknown([first, ...rest])
  }

  /** Everything that either of them misses, each input once. */
  static both(a: Unknown | null, b: Unknown | null): Unknown | null {
    if (a === null || b === null || a === b) return a ?? b
    const known = new Set(a.inputs.map(inputKey))
    const more = b.inputs.filter((input) => !known.has(inputKey(input)))
    return more.length === 0 ? a : Unknown.of([...a.inputs, ...more])
  }
}

/** The one type of every input of a decision: a value, blank (null), or not known and why. */
export type Known = FieldText | Unknown

/** The one type of every answer to a question about inputs. */
export type Truth = boolean | Unknown

/** The cause of one gap, whatever record met it: one per connection, object, field and reason. */
export function inputKey({ connectionId, objectType, field, why }: MissingInput): string {
  return `${connectionId}/${objectType}/${field}/${why}`
}

/** Nothing is wrong with it but that it was not read, or not shown: it is asked for again, and waiting may be enough. */
export function isOnlyUnread({ inputs }: Unknown): boolean {
  return inputs.every(({ why }) => why === 'not-read' || why === 'not-visible')
}
