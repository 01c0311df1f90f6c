import { useEffect, useState } from 'react'
import { CopyIcon } from './icons.tsx'

/** Something to be pasted into the CRM's own pages, exactly as it stands. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), 3_000)
    return () => clearTimeout(timer)
  }, [state])
  function copy() {
    // Absent on plain http addresses other than localhost.
    const clipboard: Clipboard | undefined = navigator.clipboard
    if (!clipboard) return setState('refused')
    clipboard.writeText(value).then(
      () => setState('copied'),
      () => setState('refused'),
    )
  }
  return (
    <div className="copy-field">
      <span className="copy-label">{label}</span>
      <code>{value}</code>
      <button type="button" onClick={copy} aria-label={`Copy ${label}`}>
        <CopyIcon />
        {state === 'copied' ? 'Copied' : 'Copy'}
      </button>
      <span className="visually-hidden" role="status">
        {state === 'copied' && `${label} copied`}
      </span>
      {state === 'refused' && (
        <span className="quiet">The browser does not allow it here: select the text instead.</span>
      )}
    </div>
  )
}
