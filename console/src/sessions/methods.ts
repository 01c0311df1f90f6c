import type { SignInMethod } from '../../../src/api/sessions/session-types.ts'

/** How somebody signed in, and what that is not enough for. */
export const METHODS: Readonly<Record<SignInMethod, { how: string; cannot: string }>> = {
  oidc: { how: 'with your identity provider', cannot: '' },
  code: { how: 'with a mailed code', cannot: '' },
  terminal: {
    how: 'with a link made on the server',
    cannot:
      'It is good for what an admin does, and for cases that are expected or risky. It is not enough to resume, undo, approve, mark, override or accept a job.',
  },
  link: {
    how: 'with a link that somebody made',
    cannot:
      'You can read, review expected and risky cases, and pause. It is not enough to resume, undo, approve, mark, override, accept a job, or decide customer-facing and revenue cases.',
  },
  sandbox: {
    how: "as one of the sandbox's cast",
    cannot: 'In the sandbox that is enough for everything this person may do.',
  },
}
