import type { Actor } from './actor.ts'
import type { ObjectTypeName } from './object-type.ts'

export type ObjectRef = { readonly type: ObjectTypeName; readonly id: string }

/** A change in the portal, from which its webhook is made. */
export type StoreChange = { readonly actor: Actor; readonly atMs: number } & (
  | { readonly kind: 'created' | 'deleted' | 'restored' | 'privacy-deleted'; readonly ref: ObjectRef }
  | { readonly kind: 'property'; readonly ref: ObjectRef; readonly name: string; readonly value: string }
  | {
      readonly kind: 'merged'
      readonly type: ObjectTypeName
      readonly primaryId: string
      readonly mergedIds: readonly string[]
      readonly newId: string
      readonly propertiesMoved: number
    }
  | {
      readonly kind: 'associated'
      readonly from: ObjectRef
      readonly to: ObjectRef
      readonly removed: boolean
      readonly primary: boolean
    }
)
