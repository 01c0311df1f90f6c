import { NumberInput } from '@mantine/core'
import type { AccessLimits, Shares } from '../../../src/api/connections/connect-types.ts'
import { duration, number } from './format.ts'

/** What the number means stands below it: the two are compared, and their texts have different lengths. */
const ORDER: ('label' | 'input' | 'description')[] = ['label', 'input', 'description']

export const DEFAULT_SHARES: Shares = { dayShare: 0.2, windowShare: 0.8 }

/** How much of what the CRM allows all integrations together may be ours. */
export function SharesEditor(props: {
  shares: Shares
  limits: AccessLimits | null
  onChange: (shares: Shares) => void
}) {
  const { shares, limits, onChange } = props
  const percent = (share: number) => Math.round(share * 100)
  const set = (name: keyof Shares) => (value: number | string) => {
    const given = Number(value)
    if (value !== '' && given >= 1 && given <= 100) onChange({ ...shares, [name]: given / 100 })
  }
  const day = limits && Math.floor(limits.limitToday * shares.dayShare)
  const window = limits?.window && Math.floor(limits.window.limit * shares.windowShare)
  return (
    <div className="shares">
      <NumberInput
        label="Share of the day"
        suffix=" %"
        inputWrapperOrder={ORDER}
        min={1}
        max={100}
        clampBehavior="blur"
        allowDecimal={false}
        value={percent(shares.dayShare)}
        onChange={set('dayShare')}
        description={
          limits && day !== null
            ? `${number(day)} of the ${number(limits.limitToday)} calls that ${
                limits.resets === 'rolling 24 hours'
                  ? 'any 24 hours allow'
                  : 'a day allows, until midnight of the account'
              }. All integrations together have used ${number(limits.usedToday)} so far.`
            : 'Of the calls that the CRM allows all integrations in a day. It did not say how many.'
        }
      />
      <NumberInput
        label="Share of a burst"
        suffix=" %"
        inputWrapperOrder={ORDER}
        min={1}
        max={100}
        clampBehavior="blur"
        allowDecimal={false}
        value={percent(shares.windowShare)}
        onChange={set('windowShare')}
        description={
          limits?.window && window !== null && window !== undefined
            ? `${number(window)} of ${number(limits.window.limit)} calls in ${duration(limits.window.ms)}. The rest stays for your other integrations.`
            : 'Of what the CRM takes within seconds. The rest stays for your other integrations.'
        }
      />
    </div>
  )
}
