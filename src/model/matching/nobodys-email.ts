import { PLACEHOLDER_WORDS } from './placeholder-words.ts'
import { isPlaceholderDomain } from './shared-domains.ts'

/** Mailboxes that belong to nobody at any domain. Reviewed 2026-12-01. */
const NOBODYS: ReadonlySet<string> = new Set(
  `none noemail nomail donotemail dontemail noemailaddress noaddress noemailprovided nomailaddress notprovided noemailgiven notavailable notapplicable
  nonegiven noneprovided unknown unknownemail undefined null placeholder invalid invalidemail donothave donthaveone dontknow
  doesnothave asdf asdfasdf asdfgh qwerty qwertz nobody noone fakeemail fake keinemail keineemail keinemailadresse
  keineangabe sinemail sincorreo notiene sansemail pasdemail semail sememail geenemail brakmaila emailunknown
  missing missingemail unbekannt desconocido inconnu firstnamelastname firstlastname yourname youremail yourmail vornamenachname
  nombreapellido prenomnom nomecognome`.split(/\s+/),
)

const MEANS_NONE = /^(?:no|do|unknown|unbekannt|kein|sin|sans|sem|geen|brak|missing|inconnu|desconocido)\p{L}*\d+$/u

/** Mailboxes that mean nothing beside a domain that means nothing, while na@acme.com may be somebody's initials. */
const NOBODYS_THERE: ReadonlySet<string> = new Set(
  `na none no nil test testing tester test1 test2 test123 testtest me you user username name email mail abc abcd aaa aa a b x xx
  xxx y z zzz foo bar foobar example sample demo dummy someone somebody anyone anonymous first last firstname lastname
  firstlast asd qwe nope xyz`.split(/\s+/),
)

/** Domains of real companies that people type when they make an address up. */
const MADE_UP_AT: ReadonlySet<string> = new Set(
  `a.com aa.com aaa.com b.com c.com x.com xx.com xxx.com y.com z.com zzz.com abc.com abcd.com 123.com email.com mail.com gmail.com
  foo.com bar.com foobar.com company.com nowhere.com fake.com no.com me.com you.com anon.com none.de test.de nomail.de`.split(
    /\s+/,
  ),
)

/** True: an address made up to get past a form (none@none.com, noemail@acme.com), which tells nobody apart. */
export function isNobodysEmail(address: string): boolean {
  const at = address.lastIndexOf('@')
  if (at < 1) return false
  const local = address.slice(0, at).toLowerCase()
  const domain = address.slice(at + 1).toLowerCase()
  const name = local.split('+', 1)[0]!.replaceAll(/[._-]/g, '')
  if (name === '' || NOBODYS.has(name)) return true
  // noemail17@acme.com is numbered; qwerty17@gmail.com may be somebody.
  if (MEANS_NONE.test(name) && NOBODYS.has(name.replace(/\d+$/, ''))) return true
  if (saysNothing(local, domain)) return true
  // 123@123.com: both sides are the same digits.
  if (/^\d+$/.test(name) && isNamed(domain, name)) return true
  if (isPlaceholderDomain(domain)) return isPlaceholderOnly(domain) || NOBODYS_THERE.has(name) || isNamed(domain, name)
  if (!NOBODYS_THERE.has(name)) return false
  // me@gmail.com has an owner, and a@gmail.com may have one: only words for "none" are nobody's there.
  if (MADE_UP_AT.has(domain)) return !/^(?:gmail|mail|email|me|you)\.com$/.test(domain) || NO_ANSWER.test(name)
  return isNamed(domain, name)
}

/**
 * `declined@declined.com`, `keine@angabe.de`, `not@provided.com`: the mailbox and the domain say together, or each by itself,
 * that there is no answer.
 */
function saysNothing(local: string, domain: string): boolean {
  const name = local
    .split('+', 1)[0]!
    .replaceAll(/[._-]+/g, ' ')
    .trim()
  const label = domain.split('.', 1)[0]!.replaceAll('-', ' ')
  const { everywhere, noThing, noIdentity } = PLACEHOLDER_WORDS
  const isNothing = (words: string) => everywhere.has(words) || noThing.has(words) || noIdentity.has(words)
  if (name === label) return isNothing(name)
  return name.length > 1 && isNothing(`${name} ${label}`)
}

const NO_ANSWER =
  /^(?:na|none|no|nil|test|testing|tester|test\d+|testtest|xxx|email|mail|abc|example|dummy|user|username)$/

/** `test@test.com`, `x@x.com`: both sides say the same nothing. */
function isNamed(domain: string, name: string): boolean {
  return domain.split('.', 1)[0]!.replaceAll('-', '') === name
}

/** Nobody has a mailbox there: the names are reserved, or mean that there is no address. */
function isPlaceholderOnly(domain: string): boolean {
  return /(?:^|\.)example\.(?:com|net|org)$|^(?:no-?e?-?mail|nodomain|noaddress|notprovided|none|na|n-a|null|unknown|asdf)\./.test(
    domain,
  )
}
