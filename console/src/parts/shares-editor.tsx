import { NumberInput, SimpleGrid } from '@mantine/core'
import type { AccessLimits, Shares } from '../../../src/api/connections/connect-types.ts'
import { duration, number } from './format.ts'

/** The description goes below the input: both inputs then stand on one line, whatever the length of the texts. */
const ORDER: ('label' | 'input' | 'description')[] = ['label', 'input', 'description']

export const DEFAULT_SHARES: Shares = { dayShare: 0.2, windowShare: 0.8 }

type Props = { shares: Shares; limits: AccessLimits | null; onChange: (shares: Shares) => void }

/** How much of the API limits, which all apps share, Lanekeeper may use. */
export function SharesEditor({ shares, limits, onChange }: Props) {
  const set = (name: keyof Shares) => (value: number | string) => {
    const given = Number(value)
    if (value !== '' && given >= 1 && given <= 100) onChange({ ...shares, [name]: given / 100 })
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" mt={10}>
      <Share label="Share per day" share={shares.dayShare} onChange={set('dayShare')}>
        {dayText(shares, limits)}
      </Share>
      <Share label="Share per burst" share={shares.windowShare} onChange={set('windowShare')}>
        {burstText(shares, limits)}
      </Share>
    </SimpleGrid>
  )
}

type ShareProps = { label: string; share: number; onChange: (value: number | string) => void; children: string }

function Share({ label, share, onChange, children }: ShareProps) {
  return (
    <NumberInput
      label={label}
      suffix="%"
      inputWrapperOrder={ORDER}
      min={1}
      max={100}
      clampBehavior="blur"
      allowDecimal={false}
      value={Math.round(share * 100)}
      onChange={onChange}
      description={children}
      styles={{ wrapper: { maxWidth: 140 } }}
    />
  )
}

function dayText({ dayShare }: Shares, limits: AccessLimits | null): string {
  if (!limits) return "Of the CRM's daily API limit for all apps, which it does not report."
  const { limitToday, resets, usedToday } = limits
  const span = resets === 'rolling 24 hours' ? 'in any 24 hours' : "per day, until midnight in the account's time zone"
  const ours = number(Math.floor(limitToday * dayShare))
  return `${ours} of the ${number(limitToday)} calls ${span}. All apps together have used ${number(usedToday)} so far.`
}

function burstText({ windowShare }: Shares, limits: AccessLimits | null): string {
  if (!limits?.window) return "Of the CRM's limit per second. The rest is for your other apps."
  const { limit, ms } = limits.window
  return `${number(Math.floor(limit * windowShare))} of ${number(limit)} calls in ${duration(ms)}. The rest is for your other apps.`
}
