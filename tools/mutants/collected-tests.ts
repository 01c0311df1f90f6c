/** Stands in for `node:test` while mutants are tried: tests are kept, to be run one by one and again. */

type Collected = { readonly name: string; readonly run: () => unknown }

export const collected: Collected[] = []

const suites: string[] = []

type Options = { readonly skip?: boolean | string }

export function describe(name: string, ...given: [() => void] | [Options, () => void]): void {
  const [suite, options] = given.length === 1 ? given : [given[1], given[0]]
  // As `node:test` has it, a reason that is undefined or false skips nothing.
  if (options?.skip !== undefined && options.skip !== false) return
  suites.push(name)
  suite()
  suites.pop()
}

export function it(name: string, run: () => unknown): void {
  collected.push({ name: [...suites, name].join(': '), run })
}
