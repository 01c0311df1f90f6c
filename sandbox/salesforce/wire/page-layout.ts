const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}

const CSS = `
:root{color-scheme:light dark;--bg:#f4f6f9;--card:#fff;--text:#16263b;--soft:#5a6b80;--line:#d9e0e8;--accent:#0b5cab;--on-accent:#fff;--good:#1f7a45;--bad:#b3261e;--chip:#e8eef5}
@media(prefers-color-scheme:dark){:root{--bg:#10161e;--card:#19212c;--text:#e6edf5;--soft:#9aabbf;--line:#2d3947;--accent:#7cb8ff;--on-accent:#0b1a2b;--good:#6fd39a;--bad:#ff9a92;--chip:#263241}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif}
a{color:var(--accent);text-underline-offset:2px}
header{background:var(--card);border-bottom:1px solid var(--line)}
header>div,main{max-width:64rem;margin:0 auto;padding:.75rem 1rem}
header>div{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
header strong a{color:inherit;text-decoration:none}
header small{color:var(--soft);display:block}
form.search{display:flex;gap:.5rem;flex:1 1 16rem;max-width:26rem}
input[type=search]{flex:1;min-width:0;font:inherit;padding:.45rem .7rem;border:1px solid var(--line);border-radius:8px;background:var(--bg);color:inherit}
button{font:inherit;padding:.45rem .9rem;border:1px solid var(--accent);border-radius:8px;background:var(--accent);color:var(--on-accent);cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
h1{font-size:1.5rem;line-height:1.25;margin:.75rem 0 .25rem}
h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
.soft{color:var(--soft)}
.grid{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));padding:0;margin:0;list-style:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.85rem 1rem;overflow-wrap:anywhere}
.card h3{font-size:1rem;margin:0 0 .25rem}
.card .row{display:flex;justify-content:space-between;gap:.75rem;align-items:baseline}
.tasks{list-style:none;margin:0;padding:0;display:grid;gap:.75rem}
.tasks .meta{display:flex;flex-wrap:wrap;gap:.35rem .75rem;align-items:center;margin:.35rem 0;font-size:.9rem}
.tasks .body{white-space:pre-wrap;margin:.5rem 0;max-width:46rem}
.chip{background:var(--chip);border-radius:99px;padding:.1rem .6rem;font-size:.85rem;white-space:nowrap}
.chip.done{color:var(--good)}.chip.late,.chip.off{color:var(--bad)}
dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:0;margin:0}
dt,dd{padding:.4rem 0;border-bottom:1px solid var(--line);margin:0;overflow-wrap:anywhere}
dt{color:var(--soft);padding-right:1rem}
@media(max-width:30rem){dl{grid-template-columns:1fr}dt{border:0;padding-bottom:0;font-size:.85rem}dd{padding-top:0}}
`

export function page(title: string, body: string, searched = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} · Salesforce sandbox</title><style>${CSS}</style></head>
<body><header><div><strong><a href="/">Brightwater</a><small>Salesforce sandbox</small></strong>
<form class="search" action="/search" role="search"><input type="search" name="q" aria-label="Search records" placeholder="Name, company or e-mail" value="${escapeHtml(searched)}"><button>Search</button></form></div></header>
<main>${body}</main></body></html>`
}
