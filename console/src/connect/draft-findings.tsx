import { Paper, SimpleGrid, Text, Title } from '@mantine/core'
import type { DraftReply } from '../../../src/api/connections/connect-types.ts'
import { FactList, FactRow } from '../parts/fact-list.tsx'
import { number, objectLabel, plural } from '../parts/format.ts'
import { accountNoun } from './crms.ts'

type Access = NonNullable<DraftReply['access']>

/** The account that the credentials belong to. */
export function DraftAccount({ draft, identity }: { draft: DraftReply; identity: NonNullable<Access['identity']> }) {
  const noun = accountNoun(draft.crm)
  const facts = [
    [noun.charAt(0).toUpperCase() + noun.slice(1), identity.accountId],
    ['Writes as', identity.actorName],
    ['Edition', identity.edition],
    ['Time zone', identity.timeZone],
  ] as const
  return (
    <Paper py={12}>
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        {facts.map(([label, value]) => (
          <dl key={label}>
            <dt className="quiet">{label}</dt>
            <Text renderRoot={(props) => <dd {...props} />} fw={560} style={{ overflowWrap: 'anywhere' }}>
              {value ?? 'unknown'}
            </Text>
          </dl>
        ))}
      </SimpleGrid>
    </Paper>
  )
}

/** Which fields Lanekeeper can read, and which fields of the workflows it cannot. */
export function DraftFields({ draft }: { draft: DraftReply }) {
  const objects = draft.access?.objects ?? []
  if (objects.length === 0) return null
  const unreadable = objects.filter((object) => object.unreadable.length > 0)
  const missing = unreadable.reduce((sum, object) => sum + object.unreadable.length, 0)
  return (
    <Paper component="section" aria-labelledby="fields">
      <Title order={2} id="fields" mb={8}>
        Fields
      </Title>
      <p>
        Readable fields: {objects.map((one) => `${objectLabel(one.objectType)} ${number(one.fields)}`).join(', ')}.
        {missing === 0 && ' They include every field your workflows use.'}
      </p>
      {missing > 0 && (
        <>
          <p className="late">
            {plural(missing, 'field')} of your workflows cannot be read: no permission, or no such field. Cases show
            this instead of treating the field as blank.
          </p>
          <FactList>
            {unreadable.map((object) => (
              <FactRow key={object.objectType} label={objectLabel(object.objectType)}>
                {object.unreadable.join(', ')}
              </FactRow>
            ))}
          </FactList>
        </>
      )}
    </Paper>
  )
}

/** The few entities that change events can be selected for. */
export function DraftSlots({ slots }: { slots: NonNullable<Access['streamSlots']> }) {
  return (
    <Paper component="section" aria-labelledby="slots">
      <Title order={2} id="slots" mb={8}>
        Change events
      </Title>
      <p>
        {number(slots.taken.length)} of {plural(slots.max, 'entity is', 'entities are')} selected
        {slots.taken.length > 0 && `: ${slots.taken.join(', ')}`}.
      </p>
      {slots.missing.length > 0 && (
        <p className="late">
          Not selected: {slots.missing.join(', ')}. In Setup, open Change Data Capture, move{' '}
          {slots.missing.length === 1 ? 'it' : 'them'} to Selected Entities, then click Check again. Until then,
          Lanekeeper finds those changes by polling, a few minutes later.
        </p>
      )}
    </Paper>
  )
}
