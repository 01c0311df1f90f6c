import type { IdentityView } from '../../../src/api/people/people-types.ts'

const STATES: Readonly<Record<IdentityView['state'], string | null>> = {
  confirmed: null,
  proposed: 'proposed, counts for nothing yet',
  conflict: 'conflict, counts for nothing',
  refused: 'refused',
  ended: 'ended',
}

/** Who the person is in the CRMs and where they sign in. Only a confirmed one counts for any act. */
export function Identities({ identities }: { identities: readonly IdentityView[] }) {
  const troubled = identities.filter(({ state }) => state === 'conflict' || state === 'proposed')
  if (identities.length === 0) return <p className="late small">No CRM user and no sign-in yet.</p>
  return (
    <details open={troubled.length > 0}>
      <summary>Known as</summary>
      <ul className="rows small">
        {identities.map((identity) => (
          <Identity key={identity.id} identity={identity} />
        ))}
      </ul>
    </details>
  )
}

function Identity({ identity: { where, email, state, why } }: { identity: IdentityView }) {
  const said = STATES[state]
  return (
    <li>
      {where}
      {email && <span className="quiet">, {email}</span>}
      {said && <span className={state === 'conflict' ? 'late' : 'quiet'}> ({said})</span>}
      {why && state !== 'confirmed' && <p className={state === 'conflict' ? 'late' : 'quiet'}>{why}</p>}
    </li>
  )
}
