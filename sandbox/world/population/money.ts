import { DAY_MS, type Draft } from './draft.ts'

/** Deals and opportunities of every organization that a CRM has. */
export function addMoney(draft: Draft): void {
  const { random, nowMs } = draft
  const open = (crm: 'hubspot' | 'salesforce') =>
    crm === 'hubspot'
      ? random.pick([
          'appointmentscheduled',
          'qualifiedtobuy',
          'presentationscheduled',
          'decisionmakerboughtin',
          'contractsent',
        ])
      : random.pick(['Prospecting', 'Qualification', 'Proposal/Price Quote', 'Negotiation/Review'])
  const closed = (crm: 'hubspot' | 'salesforce', won: boolean) =>
    crm === 'hubspot' ? (won ? 'closedwon' : 'closedlost') : won ? 'Closed Won' : 'Closed Lost'
  for (const site of draft.sites) {
    for (const crm of ['hubspot', 'salesforce'] as const) {
      if ((crm === 'hubspot' ? site.company : site.account) === null) continue
      for (
        let i = random.weighted([
          [0, 4],
          [1, 4],
          [2, 1.5],
          [3, 0.5],
        ] as const);
        i > 0;
        i--
      ) {
        const isOpen = random.chance(0.5)
        const createdAtMs = nowMs - random.int(isOpen ? 5 : 90, isOpen ? 200 : 900) * DAY_MS
        const details = {
          createdAtMs,
          closeAtMs: isOpen ? nowMs + random.int(5, 150) * DAY_MS : createdAtMs + random.int(20, 85) * DAY_MS,
          amount: Math.round(3000 * Math.exp(random.next() * 4.2)),
          stage: isOpen ? open(crm) : closed(crm, site.organisation.customer || random.chance(0.3)),
          owner: site.organisation.owner,
        }
        if (crm === 'hubspot') draft.hubspot.deal(site.company!, details)
        else draft.salesforce.opportunity(site.account!, details)
      }
    }
  }
}
