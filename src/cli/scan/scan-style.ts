/** The page's own CSS. Class colours are those of the console: text 4.5:1 and bars 3:1 on the panel in both schemes. */
export const SCAN_STYLE = `
:root{color-scheme:light dark;--ground:#f4f6f7;--panel:#fff;--line:#dde3e6;--ink:#16242b;--quiet:#55646d;--link:#0a5c69;--track:#e6ebed;--fill:#5f8f99;
--expected:#4a8ec6;--risky:#d9901a;--customer-facing:#9b62d0;--revenue-impacting:#d3405a;--unknown:#3b4650;
--settled:#2a8c99;--could-settle:#58b0a0;--field:#4a8ec6;--no-rule:#d9901a;--person:#9b62d0}
@media (prefers-color-scheme:dark){:root{--ground:#10171b;--panel:#182126;--line:#2b373e;--ink:#e6edf0;--quiet:#9fb0b9;--link:#7fd0da;--track:#26323a;--fill:#5f97a3;
--expected:#4f97d1;--risky:#d99a2b;--customer-facing:#a874dd;--revenue-impacting:#e0566d;--unknown:#c7d2d9;
--settled:#54a3ac;--could-settle:#7cc9b8;--field:#4f97d1;--no-rule:#d99a2b;--person:#a874dd}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:1040px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:18px;margin:0 0 4px}
h3{font-size:15px;margin:20px 0 6px}
p{margin:0 0 8px}
a{color:var(--link)}
.quiet{color:var(--quiet);font-size:13.5px}
section{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-top:16px}
.figures{display:grid;grid-template-columns:repeat(4,1fr);gap:12px;margin-top:18px}
.figure{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.figure b{display:block;font-size:26px;line-height:1.2;font-weight:640}
.verdict{border-left:4px solid var(--line);padding:2px 0 2px 14px;margin:14px 0}
.verdict.holds{border-color:var(--settled)}
.verdict h3{margin:0 0 4px}
.bars{display:grid;grid-template-columns:minmax(130px,210px) 1fr minmax(150px,auto);gap:9px 16px;align-items:center;margin:12px 0}
.bars .number{text-align:right}
.bars .row{display:contents}
svg{display:block;width:100%;height:14px;border-radius:3px;background:var(--track);print-color-adjust:exact;-webkit-print-color-adjust:exact}
svg rect{fill:var(--fill)}
${[
  'expected',
  'risky',
  'customer-facing',
  'revenue-impacting',
  'unknown',
  'settled',
  'could-settle',
  'field',
  'no-rule',
  'person',
]
  .map((name) => `svg .${name}{fill:var(--${name})}.dot.${name}{background:var(--${name})}`)
  .join('')}
.dot{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:-1px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
ul.legend{list-style:none;padding:0;margin:10px 0 0;display:grid;gap:5px}
table{border-collapse:collapse;width:100%;margin:8px 0}
th,td{text-align:left;padding:6px 12px 6px 0;border-top:1px solid var(--line);vertical-align:top}
th{font-weight:500;color:var(--quiet);font-size:13px;border-top:0}
td:last-child,th:last-child{padding-right:0}
.number{text-align:right;white-space:nowrap}
ol.worst{padding:0;margin:8px 0 0;list-style:none;counter-reset:case}
ol.worst li{border-top:1px solid var(--line);padding:11px 0 11px 36px;position:relative;counter-increment:case;break-inside:avoid}
ol.worst li::before{content:counter(case);position:absolute;left:0;color:var(--quiet)}
ol.worst p{margin:2px 0 0}
.tag{white-space:nowrap}
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 36px}
.two .bars{grid-template-columns:minmax(110px,160px) 1fr minmax(70px,auto)}
dl{margin:8px 0 0}dt{font-weight:600;margin-top:10px}dd{margin:0}
@media (max-width:760px){main{padding:18px 12px 40px}section{padding:15px 14px}.figures{grid-template-columns:1fr 1fr}.two{grid-template-columns:1fr}
.bars,.two .bars{grid-template-columns:1fr auto;gap:3px 10px}.bars .row>:nth-child(1){grid-row:auto}.bars .row svg{grid-column:1/-1;order:0;margin-bottom:9px}.bars .row{display:grid;grid-template-columns:1fr auto;gap:3px 10px;grid-column:1/-1}.bars .row>.number{grid-row:1;grid-column:2}
.stack thead{display:none}.stack tr{display:block;border-top:1px solid var(--line);padding:8px 0}.stack td{display:flex;justify-content:flex-end;gap:6px;border:0;padding:1px 0;text-align:right}.stack td::before{content:attr(data-label);color:var(--quiet);text-align:left;flex:none;margin-right:auto}.stack td:first-child{font-weight:600;text-align:left;justify-content:flex-start}.stack td:first-child::before{display:none}}
@media print{:root{color-scheme:light;--ground:#fff;--panel:#fff;--line:#ccd4d8;--ink:#111;--quiet:#444;--link:#111;--track:#e6ebed;--unknown:#3b4650}body{font-size:10.5pt}main{max-width:none;padding:0}section,.figure{border-radius:0;padding:10px 0;border-width:1px 0 0}.figure{border:0}.verdict,.row,tr{break-inside:avoid}h2,h3{break-after:avoid}a{text-decoration:none}}
`
