/**
 * Domains of which each body of a government or a union has a host of its own: health.nsw.gov.au and finance.nsw.gov.au are
 * two. Reviewed 2026-12-01. Bodies under a public suffix of their own (k12.ca.us, gc.ca) need no line.
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

/**
 * Platforms that give each customer a host of their own under one domain: acme.zendesk.com is Acme's, zendesk.com is Zendesk's.
 * The list of public suffixes has many such domains; these are not on it. Reviewed 2026-12-01.
 */
const TENANTS: ReadonlySet<string> = new Set(
  `onmicrosoft.com sharepoint.com atlassian.net zendesk.com freshdesk.com freshservice.com force.com
  lightning.force.com my.site.com service-now.com okta.com auth0.com workday.com
  myworkdayjobs.com bamboohr.com greenhouse.io lever.co recruitee.com workable.com teamtailor.com personio.de personio.com
  squarespace.com wordpress.com tumblr.com business.site godaddysites.com hs-sites.com
  hs-sites-eu1.com jimdosite.com jimdofree.com jimdo.com strikingly.com mystrikingly.com carrd.co webnode.com webnode.page
  site123.me yolasite.com ucoz.com bigcartel.com company.site square.site squareup.com ghost.io 
  mailchimpsites.com unbouncepages.com leadpages.co typeform.com zoom.us slack.com notion.site canny.io
  helpscoutdocs.com intercom.help gitbook.io readme.io statuspage.io bandcamp.com podbean.com libsyn.com buzzsprout.com
  teachable.com thinkific.com podia.com kajabi.com mykajabi.com skool.com circle.so ticketleap.com
  over-blog.com canalblog.com e-monsite.com altervista.org beepworld.de npage.de fc2.com jugem.jp ameblo.jp
  hatenablog.com livejournal.com narod.ru ecwid.com weeblysite.com wixstudio.io`.split(/\s+/),
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

/** The host that stands for the body: the registrable domain, or one label more where many bodies or customers share that. */
export function bodyOf(host: string, domain: string, suffix: string): string {
  const isShared = UMBRELLAS.has(domain) || OF_A_GOVERNMENT.test(suffix) || STATE_OF_THE_USA.test(domain)
  const above = isShared ? domain : platformOf(host, domain)
  if (above === null) return domain
  const labels = host.slice(0, host.length - above.length).split('.')
  const own = labels.filter((label) => label !== '' && !SERVICES.has(label)).at(-1)
  return own === undefined ? domain : `${own}.${above}`
}

/** The longest platform that the host is below: acme.lightning.force.com is below lightning.force.com. Null: it is below none. */
function platformOf(host: string, domain: string): string | null {
  if (TENANTS.has(host)) return null
  for (let above = host; above.length >= domain.length; above = above.slice(above.indexOf('.') + 1)) {
    if (TENANTS.has(above)) return above
  }
  return null
}
