import type { ChangeView } from '../../../src/api/changes/change-types.ts'

const PARTS: Readonly<Record<string, string>> = {
  purpose: 'Purpose',
  mode: 'Mode',
  scope: 'Records covered',
  jobs: 'Jobs',
  patterns: 'What counts as a case',
  classes: 'How cases are classed',
  branches: 'Where rules decide',
  rules: 'Rules',
  limits: 'Limits',
  territories: 'Territories',
  readings: 'Readings of texts',
  users: 'Users',
  calendar: 'Calendar',
}

const REACH: Readonly<Record<string, string>> = { widens: 'does more', narrows: 'does less' }

/** A difference in plain English, by part of the policy. */
export function ChangeList({ changes }: { changes: readonly ChangeView[] }) {
  if (changes.length === 0) return <p className="quiet">Says the same as the version in force.</p>
  const parts = [...new Set(changes.map(({ part }) => part))]
  return (
    <dl className="change-list">
      {parts.map((part) => (
        <div key={part}>
          <dt>{PARTS[part] ?? part}</dt>
          {changes
            .filter((change) => change.part === part)
            .map(({ says, reach, kind }) => (
              <dd key={`${kind} ${says}`}>
                {says} {REACH[reach] && <span className={`reach ${reach}`}>{REACH[reach]}</span>}
              </dd>
            ))}
        </div>
      ))}
    </dl>
  )
}
