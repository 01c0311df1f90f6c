import { isFreeMail } from './free-mail.ts'

/**
 * Sites on which many companies have a page. The bare address is the company that runs the site; a page there is nobody's.
 * Reviewed 2026-12-01.
 */
const SITES: ReadonlySet<string> = new Set(
  `facebook.com fb.com fb.me meta.com linkedin.com instagram.com threads.net twitter.com x.com youtube.com youtu.be tiktok.com
  xing.com pinterest.com reddit.com snapchat.com whatsapp.com telegram.org vk.com ok.ru weibo.com wechat.com line.me google.com
  google.de google.co.uk apple.com amazon.com amazon.de amazon.co.uk amazon.fr amazon.it amazon.es amazon.co.jp amazon.ca
  amazon.in amazon.com.au amazon.com.br ebay.com ebay.de ebay.co.uk ebay.fr ebay.it ebay.es ebay.com.au ebay.ca etsy.com
  alibaba.com aliexpress.com walmart.com mercadolibre.com rakuten.co.jp yelp.com tripadvisor.com booking.com airbnb.com
  trustpilot.com glassdoor.com indeed.com crunchbase.com bloomberg.com wikipedia.org medium.com substack.com github.com
  gitlab.com behance.net dribbble.com vimeo.com soundcloud.com spotify.com eventbrite.com meetup.com patreon.com kickstarter.com
  gofundme.com paypal.com notion.so trello.com canva.com microsoft.com dropbox.com yell.com gelbeseiten.de herold.at
  pagesjaunes.fr paginegialle.it calendly.com doodle.com archive.org`.split(/\s+/),
)

/** Short links and link pages: even the bare address says nothing about the record that names it. Reviewed 2026-12-01. */
const POINTERS: ReadonlySet<string> = new Set(
  `goo.gl bit.ly t.co tinyurl.com ow.ly buff.ly is.gd rb.gy cutt.ly lnkd.in linktr.ee linkin.bio bio.link beacons.ai about.me
  wa.me t.me m.me g.page maps.app.goo.gl amzn.to amzn.eu spoti.fi fb.watch hubs.ly hubs.la trib.al ift.tt shorturl.at rebrand.ly t.ly
  s.id qr.codes forms.gle lnk.bio campsite.bio taplink.cc taplink.at solo.to`.split(/\s+/),
)

/** Where domains stand that nobody uses: registrars' parking pages and auctions. Reviewed 2026-12-01. */
const PARKED: ReadonlySet<string> = new Set(
  `sedoparking.com parkingcrew.net bodis.com parklogic.com above.com hugedomains.com afternic.com dan.com undeveloped.com
  cashparking.com parkingpage.com domainparking.com secureserver.net`.split(/\s+/),
)

/** Names that people type for "we have no web site", where the domain is for sale, reserved or an empty page. */
const MADE_UP = new Set(
  `none test example domain noemail nomail nowebsite nosite nodomain notprovided unknown na n-a null undefined asdf tbd yourdomain
  mydomain yourcompany mycompany companyname yourwebsite mywebsite website yoursite placeholder sample notapplicable
  notavailable donthaveone noaddress nourl nothing noweb nowww nositeyet nowebpage keinewebseite keinewebsite`.split(
    /\s+/,
  ),
)
// Under other suffixes the short ones are companies: test.de and na.eu exist, yourcompany.de does not.
const GENERIC = /^(?:[^.]+)\.(?:com|net|org)$/
const MADE_UP_ANYWHERE =
  /^(?:no-?e?-?mail|nowebsite|no-website|nosite|nodomain|notprovided|your-?domain|my-?domain|your-?company|my-?company|company-?name|your-?website|asdf)\.[a-z.]+$/

/** `none.com`, `www.example.org`: a domain, host or address of nobody's. */
export function isPlaceholderDomain(text: string): boolean {
  const host = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/^www\./, '')
    .replace(/[/?#].*$/, '')
  if (/(?:^|\.)example\.(?:com|net|org)$/.test(host) || MADE_UP_ANYWHERE.test(host)) return true
  return GENERIC.test(host) && MADE_UP.has(host.split('.', 1)[0]!)
}

/** What a domain says about the record that names it. */
export type DomainUse = 'own' | 'site' | 'nobodys'

/** `site`: its company's own where the address names no page. */
export function domainUse(domain: string, name: string, suffix: string): DomainUse {
  if (isFreeMail(domain, name, suffix) || POINTERS.has(domain) || PARKED.has(domain)) return 'nobodys'
  if (isPlaceholderDomain(domain)) return 'nobodys'
  return SITES.has(domain) ? 'site' : 'own'
}
