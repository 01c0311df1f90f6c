import { foldText } from './fold-text.ts'

/**
 * Addresses of a function, which several people share: equal ones do not make two records the same person.
 * Our own reviewed list, 2026-12-01, in the languages of the countries we have seen data from.
 */
const ROLE_NAMES: ReadonlySet<string> = new Set(
  `abuse accounting accounts accountspayable accountsreceivable admin administrator administration administracion
  administracao amministrazione ap ar anfrage anfragen atendimento auftrag bestellung bestellungen backoffice billing
  bookings booking boss buchhaltung bureau careers career ceo cfo commercial commerciale comercial compras compliance
  comptabilite contabilidad contabilidade contabilita contact contacto contactus contato contatti customercare
  customerservice customersupport cs data dataprotection datenschutz desk dev devnull direccion direction direktion
  dispatch dpo einkauf ekonomi email empfang enquiries enquiry events export facturacion faktura fakturering facturen
  fatture feedback finance finanzen ftp general gerencia hallo hello hei hej help helpdesk hi hola hostmaster hr
  humanresources info information informatie informatique inkoop inquiries inquiry invest investors invoice invoices
  iletisim it jobs kariera karriere kontakt kundenservice kundeservice kundservice legal list lists logistics logistik
  mail mailbox mailer-daemon management marketing media moin newsletter nobody noc noreply no-reply no_reply ned
  office ofis online operations ops order orders ordini ordre oss partner partners pedidos personal personnel post
  postmaster posta presse press prensa privacy procurement production projects purchase purchasing pr rechnung
  rechnungen recepcion reception recruiting recruitment redaktion registrar rh root rrhh sale sales salg sav secretariat
  secretaria security sekretariat service services servicio servizio shop soporte spam sprzedaz stage store subscribe
  suporte support supporto sysadmin team tech technical techsupport technik treasury trade training unsubscribe usenet
  uucp vendas ventas vendite verkauf verkoop vertrieb verwaltung web webmaster website welcome werbung www
  zentrale eigyo soumu toiawase jimukyoku rsvp programs programme grants invitations invitation news notification notifications
  host donotreply dontreply pleasedonotreply neantworten nichtantworten noresponder nepasrepondre nereplypas alerts alert updates update digest bounce bounces
  mailerdaemon listserv membership members donations donate volunteer volunteers alumni admissions enrollment registration
  registrations conference reservations reservation reservas tickets ticketing concierge frontdesk guestservices store
  eventos evenements veranstaltungen team teams contactus getintouch sayhello inbox incoming postoffice correo correspondence
  customerrelations clientservices clients customers kunden kundendienst einkauf vertrieb hausverwaltung praxis kanzlei sekretaria
  payroll lohn gehalt ventes achats direction facturation comptable secretary scheduling appointments termine citas rezeption
  fatturazione ordini acquisti commerciali vendite assistenza soporte atencion atencionalcliente sac ouvidoria fale faleconosco
  biuro sklep zamowienia kadry obchod podpora objednavky ugyfelszolgalat kundtjanst ordrer bestilling myynti asiakaspalvelu
  suomi satis destek muhasebe devops itsupport webteam socialmedia communications comms marcom pressoffice newsroom editorial
  editor submissions partnerships sponsorship sponsors affiliates wholesale resellers distribution exports shipping returns
  bewerbung bewerbungen poststelle accueil gdpr buero buro geschaeftsfuehrung geschaftsfuhrung geschaeftsleitung geschaftsleitung
  vorstand achat informacion informacao informazioni informations infos kundenbetreuung customersuccess vendor vendors main group talent people hiring
  administratie klantenservice receptie directie postmottak firmapost kundesenter kontor henvendelse asiakaspalvelu toimisto
  szamlazas ugyfelkapcsolat kancelaria recepcja sekretariat faktury podatelna obchodni bilgi insankaynaklari satinalma
  refunds claims warranty quality safety facilities maintenance dispatcher operator switchboard generalinfo enquire`.split(
    /\s+/,
  ),
)

/**
 * Words that make an address one of a function beside any other word (`sales.emea`, `acme-support`). Left out is what is
 * also a name or initials (Ned, Ap, It, Host, Post, Boss) or means somebody in particular.
 */
const ANYWHERE: ReadonlySet<string> = new Set(
  `abuse accounting accountspayable accountsreceivable admin administration administrator anfrage anfragen auftrag backoffice billing
  bookings buchhaltung careers comercial compras comptabilite contabilidad contabilidade contact contacto customercare customers
  customerservice customersupport datenschutz dispatch donations enquiries enquiry events facturacion fakturering finance grants
  helpdesk hostmaster humanresources info information inquiries inquiry invitations invoice invoices jobs karriere kontakt
  kundenservice logistics logistik mailer mailing marketing membership newsletter newsletters news noreply notification
  notifications office operations order orders partners payroll postmaster press presse privacy procurement programs purchasing
  rechnung rechnungen reception recruiting recruitment registrations reservations rsvp sales secretariat sekretariat service
  services shop soporte spam subscribe support suporte sysadmin techsupport team unsubscribe updates ventas vendas verkauf vertrieb
  webmaster zentrale donotreply bounce bounces mailerdaemon helpline hotline reply alerts`.split(/\s+/),
)
/** Of these the ones that are surnames as well, so they count in front only: steve.jobs is a person. */
const ALSO_SURNAMES: ReadonlySet<string> = new Set('jobs sales press order shop news reply office'.split(' '))
/** Function words that are names or initials, too: beside another word they may be somebody. */
const ALSO_FIRST_NAMES: ReadonlySet<string> = new Set('ned boss host post data hallo hello hola'.split(' '))
/** What may stand beside any function word: a place, a language, a number. */
const BESIDE =
  /^(?:\d{1,4}|[a-z]{2}|emea|apac|dach|latam|amer|americas|europe|asia|usa|intl|international|global|north|south|east|west|central|bot|auto|not|the|our|list|group|mail|email)$/

/** `localPart` in lower case, with or without a plus-tag: `do-not-reply`, `sales.emea`, `news+spring`. */
export function isRoleName(localPart: string): boolean {
  const name = foldText(localPart.split('+', 1)[0]!)
  if (ROLE_NAMES.has(name)) return true
  const tokens = name.split(/[._-]+|(?<=[a-z])(?=\d)/).filter((token) => token !== '')
  const words = tokens.filter((token) => !/^\d+$/.test(token))
  // Two letters with a dot between them are initials.
  if (words.some((word) => word.length > 1) && ROLE_NAMES.has(words.join(''))) return true
  if (words.some((word, place) => ANYWHERE.has(word) && (place === 0 || !ALSO_SURNAMES.has(word)))) return true
  const isFunction = (word: string) => word.length > 2 && ROLE_NAMES.has(word) && !ALSO_FIRST_NAMES.has(word)
  return words.some(isFunction) && tokens.every((token) => isFunction(token) || BESIDE.test(token))
}
