import type { ReceiptView } from '../../../src/api/cases/case-types.ts'
import { exact, short } from '../parts/format.ts'
import { FactTable } from './fact-table.tsx'

/** Enough to check the decision without us: what fired, what did not and why, what would have changed it. */
export function Receipt({ receipt }: { receipt: ReceiptView }) {
  return (
    <section className="panel" aria-labelledby="receipt">
      <h2 id="receipt">Receipt</h2>
      {receipt.erased && <p>The content was erased for privacy. The entry and its hash are still in the ledger.</p>}
      <dl className="facts">
        <dt>Branch</dt>
        <dd>{receipt.branch ? `${receipt.branch}${receipt.mode ? `, ${receipt.mode}` : ''}` : 'none'}</dd>
        <dt>Rule that fired</dt>
        <dd>{receipt.rule ?? 'none'}</dd>
        {receipt.because && (
          <>
            <dt>Because</dt>
            <dd>{receipt.because}</dd>
          </>
        )}
        {receipt.wouldChange && (
          <>
            <dt>Would have changed it</dt>
            <dd>{receipt.wouldChange}</dd>
          </>
        )}
      </dl>
      {receipt.misses.length > 0 && (
        <>
          <h3>Rules that did not fire</h3>
          <ul className="misses">
            {receipt.misses.map((miss) => (
              <li key={miss.rule}>
                <strong>{miss.rule}</strong> needs {miss.failed}; it was{' '}
                {miss.actual === null ? 'blank' : `"${miss.actual}"`}
              </li>
            ))}
          </ul>
        </>
      )}
      {receipt.inputs.length > 0 && (
        <details>
          <summary>Inputs that were read ({receipt.inputs.length})</summary>
          <FactTable facts={receipt.inputs} />
        </details>
      )}
      <p className="quiet hash">
        Ledger no. {receipt.seq}
        {receipt.decidedAt && `, decided ${exact(receipt.decidedAt)}`}, policy{' '}
        <code title={receipt.policy}>{short(receipt.policy)}</code>, hash{' '}
        <code title={receipt.hash}>{short(receipt.hash)}</code>
      </p>
    </section>
  )
}
