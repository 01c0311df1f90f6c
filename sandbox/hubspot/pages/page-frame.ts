import type { Portal } from '../portal/portal.ts'
import { type HtmlPart, html, trusted } from '../wire/html.ts'

type PageHead = {
  readonly title: string
  readonly active: 'tasks' | 'contacts' | 'companies' | 'deals' | null
  readonly query: string
}

const PLACES = [
  { id: 'tasks', href: '/', title: 'Tasks' },
  { id: 'contacts', href: '/contacts', title: 'Contacts' },
  { id: 'companies', href: '/companies', title: 'Companies' },
  { id: 'deals', href: '/deals', title: 'Deals' },
] as const

const CSS = `
:root{color-scheme:light dark;--page:#f5f6f8;--card:#fff;--text:#1f2933;--muted:#5b6774;--line:#dfe3e8;--accent:#0b6570;
--accent-soft:#e3f1f2;--ok:#1b7f5c;--late:#b42318}
@media (prefers-color-scheme:dark){:root{--page:#14181d;--card:#1d232a;--text:#e6eaee;--muted:#9aa7b4;--line:#323b45;
--accent:#6fcbd4;--accent-soft:#1d3437;--ok:#62c9a0;--late:#ff8a7d}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
header{background:var(--card);border-bottom:1px solid var(--line)}
.bar{max-width:68rem;margin:auto;padding:.75rem 1rem 0;display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}
.brand{font-weight:650;font-size:1.05rem;color:var(--text)}
.tag{font-size:.75rem;color:var(--muted);border:1px solid var(--line);border-radius:99px;padding:.05rem .55rem}
.search{margin-left:auto;display:flex;gap:.5rem;flex:0 1 20rem}
input,select,button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px;
padding:.4rem .7rem;min-height:2.5rem}
input,select{width:100%}
button{cursor:pointer;white-space:nowrap}button:hover{border-color:var(--accent)}
nav{max-width:68rem;margin:auto;padding:.25rem 1rem 0;display:flex;gap:1.25rem;overflow-x:auto}
nav a{padding:.55rem 0;color:var(--muted);border-bottom:3px solid transparent;white-space:nowrap}
nav a[aria-current]{color:var(--text);border-color:var(--accent)}
main{max-width:68rem;margin:auto;padding:1.25rem 1rem 4rem}
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .25rem}h2{font-size:1rem;margin:2rem 0 .5rem}
.muted{color:var(--muted)}.small{font-size:.875rem}.late{color:var(--late);font-weight:600}.ok{color:var(--ok)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem;margin:.75rem 0}
.head{display:flex;gap:1rem;justify-content:space-between;align-items:flex-start}
.card h3{font-size:1rem;margin:0;overflow-wrap:anywhere}.card h3 a{color:var(--text)}
.body{white-space:pre-line;overflow-wrap:anywhere;margin:.6rem 0 0}
.facts{display:flex;flex-wrap:wrap;gap:.25rem .9rem;margin:.25rem 0 0}
.high{color:var(--accent);background:var(--accent-soft);border-radius:99px;padding:0 .5rem;font-size:.8125rem}
.two{display:grid;gap:1.5rem}
.people{list-style:none;margin:.5rem 0 0;padding:0}
.people a{display:flex;justify-content:space-between;gap:.5rem;color:var(--text);padding:.4rem .6rem;border-radius:8px}
.people a[aria-current]{background:var(--accent-soft)}
.people{display:none}
table{width:100%;border-collapse:collapse}
th{font-weight:500;color:var(--muted);text-align:left;font-size:.875rem}
td,th{padding:.5rem .6rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
.wide{display:none}
ol.history{margin:.25rem 0 0;padding-left:1.1rem;font-size:.875rem;color:var(--muted)}
details summary{cursor:pointer;font-size:.875rem;color:var(--muted)}
.tabs{display:flex;gap:.5rem;margin:.75rem 0}
.tabs a{border:1px solid var(--line);border-radius:99px;padding:.25rem .85rem;color:var(--muted)}
.tabs a[aria-current]{background:var(--accent-soft);color:var(--text);border-color:var(--accent)}
.pick{display:flex;gap:.5rem;max-width:26rem}
.pages{display:flex;justify-content:space-between;margin-top:1rem}
@media (min-width:48rem){.wide{display:table-cell}.two{grid-template-columns:15rem 1fr}.people{display:block}.pick{display:none}}
@media (max-width:40rem){.stack th,.stack td{display:block;padding-right:0}.stack th{border:0;padding-bottom:0}.stack td{padding-top:.1rem}.search{flex:1 1 100%;margin:0}}
`

/** Refreshes the main part now and then so that new tasks appear, unless the user is in the middle of something. */
const REFRESH = `
setInterval(async()=>{if(document.hidden||document.querySelector('main :focus,details[open]'))return
try{const page=new DOMParser().parseFromString(await(await fetch(location.href)).text(),'text/html').querySelector('main')
const main=document.querySelector('main');if(page&&page.innerHTML!==main.innerHTML)main.innerHTML=page.innerHTML}catch{}},4000)`

export function framed(portal: Portal, head: PageHead, main: HtmlPart): string {
  const searched = head.active === null || head.active === 'tasks' ? 'contacts' : head.active
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${head.title} · Brightwater CRM</title>
<style>${trusted(CSS)}</style>
</head>
<body>
<header>
<div class="bar">
<a class="brand" href="/">Brightwater CRM</a>
<span class="tag">HubSpot sandbox · portal ${portal.portalId}</span>
<form class="search" action="/${searched}" role="search">
<input type="search" name="q" value="${head.query}" placeholder="Search ${searched}" aria-label="Search ${searched}">
<button>Search</button>
</form>
</div>
<nav aria-label="Records">${PLACES.map(
    ({ id, href, title }) =>
      html`<a href="${href}" ${id === head.active ? trusted('aria-current="page"') : ''}>${title}</a>`,
  )}</nav>
</header>
<main>${main}</main>
<script>${trusted(REFRESH)}</script>
</body>
</html>`)
}

const WHEN = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'Europe/Berlin',
})

/** In the portal's time zone. */
export function when(atMs: number): string {
  return WHEN.format(atMs)
}
