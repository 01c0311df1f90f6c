import { visibleText } from '../record/visible-text.ts'
import { withoutMarkup } from './marked-up-text.ts'

/** A host as it stands in an address that somebody typed, and whether the address names a page on it. */
export type WrittenHost = { readonly host: string; readonly hasPath: boolean }

/** RFC 1035 allows 253 characters of host; what is longer than a long link is prose. */
const LENGTH_MAX = 2_000
const HOSTS_MAX = 10

// "http//", "https:\\", "htp:/", "http:http://": whatever somebody typed in front of the host.
const SCHEME = /^(?:(?:h+t*p*s?|ftp)[:;.,]*[/\\]+|https?[:;.,]+[/\\]*|(?:url|web|website|www):\s*|[/\\]{2,})/
const WWW = /^w{2,4}\d?[.,]+/
// A language at the front door of a site is no page of anybody's: `/de/`, `/en-us`.
const FRONT_DOOR = /^[/\\]*(?:[a-z]{2}(?:[-_][a-z]{2})?[/\\]*)?(?:(?:index|default|home)(?:\.[a-z]+)?[/\\]*)?$/
const LABELS = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+$/

/** Every host in the text, first one first: `acme.com / acme.de`, `http//www.acme.com`, `acme,com`, `jane@acme.com`. */
export function writtenHosts(text: string): WrittenHost[] {
  const bare = text.length > LENGTH_MAX ? text : withoutMarkup(text, hostNames)
  const plain = visibleText(bare.normalize('NFKC')).trim().toLowerCase()
  if (plain === '' || plain.length > LENGTH_MAX) return []
  const parts = hostsIn(plain.split(/[\s;|]+|,\s+|,(?=https?:|www\.)/))
  if (parts.length > 0) return parts
  const byComma = hostsIn(plain.split(/[\s;|,]+/))
  if (byComma.length > 0) return byComma
  // A comma is beside the dot on every keyboard, and phones put a blank behind it.
  return hostsIn(plain.replaceAll(/\s*[.,]\s*/g, '.').split(/[\s;|]+/))
}

/** Of a part that may be prose: only what is written without a slip. */
function hostNames(text: string): string[] {
  return hostsIn(text.toLowerCase().split(/\s+/)).map(({ host }) => host)
}

function hostsIn(parts: readonly string[]): WrittenHost[] {
  const hosts: WrittenHost[] = []
  for (const part of parts) {
    const host = hostOf(part)
    if (host !== null && hosts.length < HOSTS_MAX) hosts.push(host)
  }
  return hosts
}

function hostOf(written: string): WrittenHost | null {
  let rest = written.replace(/^[<("'[{*]+|[>)"'\]}*,;:!.]+$/g, '')
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest.replace(SCHEME, '')
  }
  const end = rest.search(/[/\\?#]/)
  const path = end === -1 ? '' : rest.slice(end)
  let host = end === -1 ? rest : rest.slice(0, end)
  host = host
    .slice(host.lastIndexOf('@') + 1)
    .replace(/:\d*$/, '')
    .replace(WWW, '')
    .replace(/\.+$/, '')
  const ascii = asciiHost(host)
  return ascii === null ? null : { host: ascii, hasPath: !FRONT_DOOR.test(path) }
}

/** In the letters of DNS: `münchen.de` is `xn--mnchen-3ya.de`. Null: no host. */
export function asciiHost(host: string): string | null {
  if (/^[ -~]*$/.test(host)) return LABELS.test(host) ? host : null
  try {
    const { hostname } = new URL(`http://${host}`)
    return LABELS.test(hostname) ? hostname : null
  } catch {
    return null
  }
}
