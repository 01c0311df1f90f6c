/**
 * Addresses of a function, which several people share: equal ones do not make two records the same person.
 * Our own reviewed list, 2026-11-22, in the languages of the countries we have seen data from.
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
  zentrale eigyo soumu toiawase jimukyoku`.split(/\s+/),
)

/** `localPart` in lower case, without a plus-tag. */
export function isRoleName(localPart: string): boolean {
  return ROLE_NAMES.has(localPart)
}
