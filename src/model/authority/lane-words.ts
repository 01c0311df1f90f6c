import type { Lane } from './acts.ts'

type LaneWords = {
  /** Of the person who holds it. */
  readonly title: string
  /** What somebody is asked who is to name a person for it. */
  readonly question: string
  /** M21: what usually breaks where nobody holds it, as a sentence. */
  readonly without: string
}

/** How people read the authorities. */
export const LANE_WORDS: Readonly<Record<Lane, LaneWords>> = {
  review: {
    title: 'Reviewer',
    question: 'Who looks at these cases and decides them?',
    without: 'Without a reviewer, cases pile up or are rubber-stamped.',
  },
  override: {
    title: 'Override owner',
    question: 'Who may change a wrong owner?',
    without: 'Without an override owner, people work around the workflow privately.',
  },
  rollback: {
    title: 'Rollback owner',
    question: 'Who may stop it and take its changes back?',
    without: 'Without a rollback owner, the workflow runs past the point of trust.',
  },
  boundary: {
    title: 'Boundary owner',
    question: 'Who decides where rules win?',
    without: 'Without a boundary owner, the rules grow more complicated than the decision needs.',
  },
  data: {
    title: 'Data owner',
    question: 'Who keeps the fields fresh that it decides by?',
    without: 'Without a data owner, fields go stale and nobody notices.',
  },
  workflow: {
    title: 'Workflow owner',
    question: 'Who answers for what it does to the business?',
    without: 'Without a workflow owner, nobody answers for what it does to the business.',
  },
  admin: {
    title: 'Admin',
    question: 'Who connects CRMs and invites people?',
    without: 'Without an admin, nobody can connect a CRM or invite people.',
  },
}
