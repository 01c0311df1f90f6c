import type { Fact } from '../../../src/api/cases/case-types.ts'
import { ago, exact } from '../parts/format.ts'
import { useNow } from '../server/live.ts'

/** Values with their age: what a decision rested on is only as good as it was fresh. */
export function FactTable({ facts }: { facts: readonly Fact[] }) {
  const now = useNow()
  return (
    <table className="fact-table">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Value</th>
          <th scope="col">Last changed</th>
        </tr>
      </thead>
      <tbody>
        {facts.map((fact) => (
          <tr key={fact.name}>
            <th scope="row">{fact.name}</th>
            <td>{fact.value ?? <span className="quiet">blank</span>}</td>
            <td className="quiet" title={fact.changedAt ? exact(fact.changedAt) : undefined}>
              {fact.changedAt ? ago(fact.changedAt, now) : 'not known'}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
