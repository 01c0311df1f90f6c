import type { ComparedObject, ObjectRef, PatternName } from '../../policy/policy.ts'

/**
 * One setting of a pattern, described as data: `src/config` makes the schema of policy files from it. Without
 * `otherwise` a policy has to give a value.
 */
export type Parameter = { readonly says: string } & (
  | { readonly kind: 'field' }
  | { readonly kind: 'fields' }
  | { readonly kind: 'whole-number'; readonly least: number; readonly most?: number; readonly otherwise?: number }
  | { readonly kind: 'positive-number'; readonly most: number }
  | { readonly kind: 'yes-or-no'; readonly otherwise?: boolean }
  | { readonly kind: 'compared-objects' }
  /** Words of the company's own, which a policy may always leave out. */
  | { readonly kind: 'texts' }
  /** One object of the workflow, which a policy may always leave out. */
  | { readonly kind: 'object' }
)

export type Parameters = Readonly<Record<string, Parameter>>

type ValueOf<Kind extends Parameter['kind']> = {
  readonly field: string
  readonly fields: readonly string[]
  readonly 'whole-number': number
  readonly 'positive-number': number
  readonly 'yes-or-no': boolean
  readonly 'compared-objects': readonly ComparedObject[]
  readonly texts: readonly string[] | undefined
  readonly object: ObjectRef | undefined
}[Kind]

/** What a policy sets for a pattern with these parameters. */
export type SettingOf<Declared extends Parameters> = {
  readonly pattern: PatternName
  readonly only?: ObjectRef
} & { readonly [Name in Exclude<keyof Declared, 'only' | TextsOf<Declared>>]: ValueOf<Declared[Name]['kind']> } & {
  readonly [Name in TextsOf<Declared>]?: readonly string[]
}

type TextsOf<Declared extends Parameters> = {
  [Name in keyof Declared]: Declared[Name]['kind'] extends 'texts' ? Name : never
}[keyof Declared]

/** Shared by the patterns that a workflow may watch on one of its objects only. */
export const ONLY = {
  kind: 'object',
  says: 'The one object of the workflow to watch; all of them when left out.',
} as const
