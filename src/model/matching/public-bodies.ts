/**
 * Domains of which each body of a government or a union has a host of its own: health.nsw.gov.au and finance.nsw.gov.au are
 * two. Reviewed 2026-11-30. Bodies under a public suffix of their own (k12.ca.us, gc.ca) need no line.
 */
const UMBRELLAS: ReadonlySet<string> = new Set(
  `europa.eu bund.de bayern.de nrw.de hessen.de sachsen.de berlin.de hamburg.de bremen.de brandenburg.de niedersachsen.de rlp.de
  saarland.de sachsen-anhalt.de thueringen.de schleswig-holstein.de mv-regierung.de baden-wuerttemberg.de bwl.de landsh.de
  admin.ch zh.ch be.ch vd.ch ge.ch ag.ch sg.ch lu.ch bs.ch ti.ch fgov.be belgium.be vlaanderen.be wallonie.be brussels.be
  overheid.nl rijksoverheid.nl minbuza.nl gv.at wien.gv.at regione.lombardia.it gencat.cat juntadeandalucia.es xunta.gal
  euskadi.eus gva.es aragon.es jcyl.es madrid.org alberta.ca ontario.ca quebec.ca saskatchewan.ca novascotia.ca manitoba.ca
  gov.bc.ca gov.on.ca gov.ab.ca gov.sk.ca gov.mb.ca gov.ns.ca gov.nb.ca gov.nl.ca gov.pe.ca gov.yk.ca gov.nt.ca gov.nu.ca
  un.org who.int nato.int nhs.net nhs.scot gov.scot gov.wales nic.in regeringen.se gov.hk gov.mo gov.je gov.im gov.gg
  stj.pt state.gov.us`.split(/\s+/),
)

// gov, mil, and their national forms: gov.au, gob.mx, gouv.fr, go.jp, mil.br.
const OF_A_GOVERNMENT = /(?:^|\.)(?:gov|mil|gob|gouv|govt|gub|go|government|gv|lg|nic|police|nhs)(?:\.[a-z]{2})?$/
const STATE_OF_THE_USA = /^state\.[a-z]{2}\.us$/
// Services of a body, not bodies: www.hud.gov and mail.hud.gov are hud.gov.
const SERVICES: ReadonlySet<string> = new Set(
  'www www1 www2 www3 web m mobile mail mx smtp email e-mail portal apps app intranet extranet secure login en de fr es it'.split(
    ' ',
  ),
)

/** The host that stands for the body: the registrable domain, or one label more where many bodies share that. */
export function bodyOf(host: string, domain: string, suffix: string): string {
  if (!UMBRELLAS.has(domain) && !OF_A_GOVERNMENT.test(suffix) && !STATE_OF_THE_USA.test(domain)) return domain
  const labels = host.slice(0, host.length - domain.length).split('.')
  const own = labels.filter((label) => label !== '' && !SERVICES.has(label)).at(-1)
  return own === undefined ? domain : `${own}.${domain}`
}
