/**
 * Brightwater, the company that owns both sandbox CRMs, sells water-quality sensors. This is the only list of its
 * people, territories and routing; `config/examples/` names the same people by e-mail, as a real customer's policy would.
 */
export type Territory = {
  readonly id: string
  readonly title: string
  readonly parent: 'americas' | 'emea' | 'apac'
  /** ISO 3166 alpha-2. Every country of the world data is in exactly one territory. */
  readonly countries: readonly string[]
  /** Owns businesses with 500 or more employees. */
  readonly enterpriseRep: string
  /** Owns the smaller businesses. */
  readonly commercialRep: string
}

const at = (name: string): string => `${name}@brightwater.example`

export const TERRITORIES: readonly Territory[] = [
  {
    id: 'na-west',
    title: 'North America West',
    parent: 'americas',
    countries: ['US'],
    enterpriseRep: at('maya.torres'),
    commercialRep: at('ben.walsh'),
  },
  {
    id: 'canada',
    title: 'Canada',
    parent: 'americas',
    countries: ['CA'],
    enterpriseRep: at('chloe.tremblay'),
    commercialRep: at('noah.singh'),
  },
  {
    id: 'latam',
    title: 'Latin America',
    parent: 'americas',
    countries: ['BR', 'MX', 'AR', 'CL', 'CO'],
    enterpriseRep: at('lucia.ferreira'),
    commercialRep: at('diego.ramos'),
  },
  {
    id: 'uki',
    title: 'United Kingdom and Ireland',
    parent: 'emea',
    countries: ['GB', 'IE'],
    enterpriseRep: at('oliver.bennett'),
    commercialRep: at('aoife.byrne'),
  },
  {
    id: 'dach',
    title: 'Germany, Austria, Switzerland',
    parent: 'emea',
    countries: ['DE', 'AT', 'CH'],
    enterpriseRep: at('anna.schneider'),
    commercialRep: at('jonas.huber'),
  },
  {
    id: 'france',
    title: 'France',
    parent: 'emea',
    countries: ['FR'],
    enterpriseRep: at('camille.laurent'),
    commercialRep: at('hugo.moreau'),
  },
  {
    id: 'benelux',
    title: 'Benelux',
    parent: 'emea',
    countries: ['NL', 'BE', 'LU'],
    enterpriseRep: at('sanne.devries'),
    commercialRep: at('lars.peeters'),
  },
  {
    id: 'nordics',
    title: 'Nordics',
    parent: 'emea',
    countries: ['SE', 'NO', 'DK', 'FI'],
    enterpriseRep: at('astrid.lindqvist'),
    commercialRep: at('mikkel.jensen'),
  },
  {
    id: 'iberia-italy',
    title: 'Iberia and Italy',
    parent: 'emea',
    countries: ['ES', 'PT', 'IT'],
    enterpriseRep: at('giulia.conti'),
    commercialRep: at('pablo.ortega'),
  },
  {
    id: 'cee',
    title: 'Central and Eastern Europe',
    parent: 'emea',
    countries: ['PL', 'CZ', 'HU', 'RO', 'GR'],
    enterpriseRep: at('zofia.kowalska'),
    commercialRep: at('petr.novak'),
  },
  {
    id: 'japan',
    title: 'Japan',
    parent: 'apac',
    countries: ['JP'],
    enterpriseRep: at('haruka.sato'),
    commercialRep: at('kenji.mori'),
  },
  {
    id: 'anz',
    title: 'Australia and New Zealand',
    parent: 'apac',
    countries: ['AU', 'NZ'],
    enterpriseRep: at('ruby.mitchell'),
    commercialRep: at('liam.walker'),
  },
]

/** People who are not sales representatives. */
export const OFFICE = {
  revopsAdmin: at('priya.nair'), // boundary owner, workflow owner of the account workflow
  revopsAnalyst: at('tom.becker'), // general reviewer
  salesOpsEast: at('grace.kim'), // general reviewer
  dataSteward: at('ines.carvalho'), // data owner
  salesManagerEmea: at('erik.sandberg'), // senior reviewer
  salesManagerAmericas: at('dana.brooks'), // senior reviewer
  headOfSales: at('victor.chen'), // approved group
  cro: at('helen.armstrong'), // approved group
  marketingOps: at('yuki.tanabe'), // workflow owner of inbound routing
  csManager: at('omar.haddad'), // senior reviewer for customers
  itAdmin: at('sam.rivera'), // rollback owner
  salesDirector: at('nina.petrova'), // override owner
} as const

/** People who left: inactive in both CRMs, but they still own records. */
export const LEFT: readonly string[] = [at('greg.dalton'), at('sofia.marin')]

/** The integration users of Lanekeeper and of another enrichment tool. */
export const INTEGRATION_USERS = {
  lanekeeper: at('lanekeeper.integration'),
  enrichment: at('datasprout.integration'),
} as const
// 24 representatives + 12 office + 2 who left + 2 integrations = 40 users.

export function allPeople(): { email: string; first: string; last: string; active: boolean }[] {
  const emails = [
    ...TERRITORIES.flatMap((t) => [t.enterpriseRep, t.commercialRep]),
    ...Object.values(OFFICE),
    ...LEFT,
    ...Object.values(INTEGRATION_USERS),
  ]
  return emails.map((email) => {
    const [first = '', last = ''] = email.split('@')[0]!.split('.')
    const cap = (s: string) => s.charAt(0).toUpperCase() + s.slice(1)
    return { email, first: cap(first), last: cap(last), active: !LEFT.includes(email) }
  })
}
