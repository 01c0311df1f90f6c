import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ACT_WORDS } from './act-words.ts'
import { ACTS, type Act, type SignInStrength } from './acts.ts'
import { signInRefusal } from './sign-in-refusal.ts'

const DOCUMENT = new URL('../../../docs/authority.md', import.meta.url)

/** How somebody has to have signed in, as the code answers for a risky and for a revenue case. */
function signInFor(act: Act): string {
  const asks = (
    strength: SignInStrength,
    of: 'risky' | 'revenue-impacting',
    hoursAgo: number,
    isActiveInCrm: true | null,
  ) =>
    signInRefusal(
      { kind: 'person', personId: 'p', strength, signedInAtMs: -hoursAgo * 3_600_000, isActive: true, isActiveInCrm },
      act,
      { class: of },
      { nowMs: 0, hasSignInProvider: true },
    )?.code
  const parts: string[] = []
  if (asks('weak', 'revenue-impacting', 0, true) === undefined) parts.push('any')
  else if (asks('weak', 'risky', 0, true) === undefined) parts.push('any for expected and risky, else own account')
  else if (asks('server', 'risky', 0, true) === undefined) parts.push('own account or link of the terminal')
  else parts.push('own account')
  if (asks('strong', 'risky', 1, true) === 'old-sign-in') parts.push('within 15 minutes')
  if (asks('strong', 'risky', 0, null) === 'crm-not-asked') parts.push('CRM user read live')
  return parts.join(', ')
}

function table(): string {
  const rows = ACTS.map(
    (act) => `| \`${act}\` | ${ACT_WORDS[act].does} | ${ACT_WORDS[act].who.replace(/,$/, '')} | ${signInFor(act)} |`,
  )
  return ['| Act | A person who can ... | Who may | Sign-in |', '|---|---|---|---|', ...rows].join('\n')
}

describe('the table of acts in docs/authority.md', () => {
  it('is what the code says of each act and of how to sign in for it', () => {
    const text = readFileSync(DOCUMENT, 'utf8')
    assert.ok(text.includes(table()), `docs/authority.md needs this table:\n${table()}`)
  })
})
