import { Button, Group } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { IdentityView, PeopleReply, PersonView } from '../../../src/api/people/people-types.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { queryClient, send } from '../server/api.ts'

const STATES: Readonly<Record<IdentityView['state'], string | null>> = {
  confirmed: null,
  proposed: 'proposed, counts for nothing yet',
  conflict: 'conflict, counts for nothing',
  refused: 'refused',
  ended: 'ended',
}

type Props = { readonly person: PersonView; readonly people: PeopleReply }

/** Who the person is in the CRMs and where they sign in. Only a confirmed one counts for any act. */
export function Identities({ person, people }: Props) {
  const { identities } = person
  const troubled = identities.filter(({ state }) => state === 'conflict' || state === 'proposed')
  if (identities.length === 0) return <p className="late small">No CRM user and no sign-in yet.</p>
  return (
    <details open={troubled.length > 0}>
      <summary>Known as</summary>
      <ul className="rows small">
        {identities.map((identity) => (
          <Identity
            key={identity.id}
            identity={identity}
            personId={person.id}
            mayAnswer={person.isYou || people.you.isAdmin}
          />
        ))}
      </ul>
    </details>
  )
}

type IdentityProps = { identity: IdentityView; personId: string; mayAnswer: boolean }

function Identity({ identity, personId, mayAnswer }: IdentityProps) {
  const { where, name, email, state, why } = identity
  const said = STATES[state]
  const tone = state === 'conflict' ? 'late' : 'quiet'
  return (
    <li>
      {where}
      <span className="quiet">{[name, email].map((one) => one && `, ${one}`)}</span>
      {said && <span className={tone}> ({said})</span>}
      {why && state !== 'confirmed' && <p className={tone}>{why}</p>}
      {mayAnswer && (state === 'proposed' || state === 'conflict') && (
        <Answers identity={identity} personId={personId} />
      )}
    </li>
  )
}

/** Yes or no. A conflict cannot be confirmed: an address that two have proves neither. */
function Answers({ identity: { id, where, state }, personId }: Omit<IdentityProps, 'mayAnswer'>) {
  const settle = useMutation({
    mutationFn: (answer: 'confirm' | 'refuse') => send(`/api/console/joins/${id}`, { personId, answer }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  return (
    <>
      <Group gap={6} mt={4}>
        {state === 'proposed' && (
          <Button
            size="compact-sm"
            variant="default"
            loading={settle.isPending}
            onClick={() => settle.mutate('confirm')}
            aria-label={`It is the same person: ${where}`}
          >
            It is the same person
          </Button>
        )}
        <Button
          size="compact-sm"
          variant="subtle"
          disabled={settle.isPending}
          onClick={() => settle.mutate('refuse')}
          aria-label={`Somebody else: ${where}`}
        >
          Somebody else
        </Button>
      </Group>
      {settle.error && <ProblemNotice error={settle.error} />}
    </>
  )
}
