/** One line of docs/performance.md. */
export type BenchRow = { readonly what: string; readonly budget: string; readonly measured: string }
