/**
 * The SHA-256 of the statements of each migration that has shipped, in order. A database that ran one never runs it
 * again, so neither its text nor its place may change: the next migration corrects it.
 */
export const SHIPPED: readonly { readonly name: string; readonly digest: string }[] = [
  { name: '0001-schema', digest: '7cc527d2206db0eebfac842546cc34cd07a3218491036eda8b7fb107e07297bb' },
  { name: '0003-user-checks', digest: '4fb408bfc9bb783cf8ea9c6a2cf7d40a98240237f3ae5cdc686a9cde551ff4b5' },
]
