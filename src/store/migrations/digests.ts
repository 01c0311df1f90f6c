/**
 * The SHA-256 of the statements of each migration that has shipped, in order. A database that ran one never runs it
 * again, so neither its text nor its place may change: the next migration corrects it.
 */
export const SHIPPED: readonly { readonly name: string; readonly digest: string }[] = [
  { name: '0001-schema', digest: '7cc527d2206db0eebfac842546cc34cd07a3218491036eda8b7fb107e07297bb' },
  { name: '0002-write-gate', digest: 'e455e6bfc815aabae4ff2a98910c4cf90a36bca4a09893e258f60e4c6aaf2070' },
  { name: '0003-user-checks', digest: 'c40a163adce3151647403b0ab120040edb246f3261ee38790ed9f69e7304ff81' },
  { name: '0004-unknown-inputs', digest: '4d3dce13775de4740e3888d2cd7dbc72973311afcb15b4bf6fd7e47407a0a2aa' },
  { name: '0005-ledger-erasures', digest: '63ac406fb28fdcd4ebdfa5698d71f768f2fa59b12d30b48f9368eaa829d080a6' },
  { name: '0006-erasure-and-quarantine', digest: 'ff0f20556e4ca08fcb541999ec068fba8dc29a9e0f7bd67f5dc8ac677aeb56f5' },
  { name: '0007-baseline-events', digest: 'd88da070910bc4175f3273dd47199e12bcf504ff0c2b63962a9ff25229c8e08b' },
]
