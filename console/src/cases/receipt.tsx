import { Paper, Stack, Title } from '@mantine/core'
import type { ReceiptView } from '../../../src/api/cases/case-types.ts'
import { FactList, FactRow } from '../parts/fact-list.tsx'
import { exact, plural, short } from '../parts/format.ts'
import { FactTable } from './fact-table.tsx'

/** Enough to check the decision by hand: the rule that applied, the rules that did not and why, and the inputs. */
export function Receipt({ receipt }: { receipt: ReceiptView }) {
  return (
    <Paper component="section" aria-labelledby="receipt">
      <Title order={2} id="receipt" mb={10}>
        Receipt
      </Title>
      <Stack gap={10}>
        {receipt.erased && <p>Content erased for privacy. The entry and its hash are still in the ledger.</p>}
        <FactList>
          {receipt.wouldChange && <WouldChange says={receipt.wouldChange} />}
          <FactRow label="Policy branch">
            {receipt.branch ? `${receipt.branch}${receipt.mode ? ` (${receipt.mode})` : ''}` : 'none'}
          </FactRow>
          <FactRow label="Rule applied">{receipt.rule ?? 'no rule matched'}</FactRow>
          {receipt.because && <FactRow label="Reason">{receipt.because}</FactRow>}
        </FactList>
        <Misses misses={receipt.misses} />
        {receipt.inputs.length > 0 && (
          <details>
            <summary>{plural(receipt.inputs.length, 'input')} read</summary>
            <FactTable facts={receipt.inputs} />
          </details>
        )}
        <p className="quiet small">
          Ledger no. {receipt.seq}
          {receipt.decidedAt && `, decided ${exact(receipt.decidedAt)}`}, policy{' '}
          <code title={receipt.policy}>{short(receipt.policy)}</code>, hash{' '}
          <code title={receipt.hash}>{short(receipt.hash)}</code>
        </p>
      </Stack>
    </Paper>
  )
}

/** More rules than this fold away. */
const SHOWN_MAX = 5

function Misses({ misses }: Pick<ReceiptView, 'misses'>) {
  if (misses.length === 0) return null
  return (
    <details open={misses.length <= SHOWN_MAX}>
      <summary>{plural(misses.length, 'rule')} checked first</summary>
      <ul>
        {misses.map(({ rule, failed, actual }) => (
          <li key={rule}>
            <strong>{rule}</strong> needs {condition(failed)} (is {actual ?? 'blank'})
          </li>
        ))}
      </ul>
    </details>
  )
}

/** "the country is US" reads "country = US". */
function condition(failed: string): string {
  return failed.replace(/^the /, '').replace(/ is (?!not|blank|filled|below|at least|more|one of|[\d.]+ or)/, ' = ')
}

const FIX = 'Fastest fix: '

/** What ends the case, or what only would have sent the record elsewhere: the country of a company is no mistake to mend. */
function WouldChange({ says }: { says: string }) {
  if (!says.startsWith(FIX)) return <FactRow label="What would change it">{says}</FactRow>
  const fix = says.slice(FIX.length)
  return <FactRow label="Fastest fix">{fix.charAt(0).toUpperCase() + fix.slice(1)}</FactRow>
}
