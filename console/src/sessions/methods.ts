import type { SignInMethod } from '../../../src/api/sessions/session-types.ts'

/** How somebody signed in, and what that is not enough for. */
export const METHODS: Readonly<Record<SignInMethod, { label: string; how: string; cannot: string }>> = {
  oidc: { label: 'Identity provider', how: 'with your identity provider', cannot: '' },
  code: { label: 'Mailed code', how: 'with a mailed code', cannot: '' },
  terminal: {
    label: 'Link made on the server',
    how: 'with a link made on the server',
    cannot:
      'It is good for what an admin does, and for cases that are expected or risky. It is not enough to resume, undo, approve, mark, override or accept a job.',
  },
  link: {
    label: 'Link',
    how: 'with a link that somebody made',
    cannot:
      'You can read, review expected and risky cases, and pause. It is not enough to resume, undo, approve, mark, override, accept a job, or decide customer-facing and revenue cases.',
  },
  sandbox: {
    label: 'Cast of the sandbox',
    how: "as one of the sandbox's cast",
    cannot: 'In the sandbox that is enough for everything this person may do.',
  },
}
