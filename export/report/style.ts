/** How a report looks: on a screen, light and dark, on a phone, and on paper. */
export const style = `
:root{color-scheme:light dark;--ink:#1b1d21;--soft:#575d66;--paper:#fff;--line:#d3d8de;--tint:#f3f5f7;--link:#0a58b5;
--hit:#b3261e;--accepted:#8a5bb5;--clean:#2e7d4f;--between:#c77700;--unknown:#6b7280;--none:#c9ced6;
--h1:#fdf1dc;--h2:#fbe0b5;--h3:#f6c684;--h4:#efa95a}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#aab1bb;--paper:#15171b;--line:#3a3f47;--tint:#1f2228;--link:#8ab8ff;
--hit:#f2827a;--accepted:#c09be6;--clean:#5fbf86;--between:#f0aa4b;--unknown:#8b93a0;--none:#4a515c;
--h1:#33291a;--h2:#47361a;--h3:#5e451a;--h4:#7a571a}}
@media print{:root{color-scheme:light;--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--tint:#f3f5f7;--link:#003d82;
--hit:#b3261e;--accepted:#8a5bb5;--clean:#2e7d4f;--between:#c77700;--unknown:#6b7280;--none:#c9ced6;
--h1:#fdf1dc;--h2:#fbe0b5;--h3:#f6c684;--h4:#efa95a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{font:15px/1.5 system-ui,-apple-system,sans-serif;color:var(--ink);background:var(--paper);margin:0 auto;max-width:64rem;padding:1.5rem 1.25rem 4rem;overflow-wrap:break-word}
bdi,code,.name,dd,.any,h1,h2,h3{overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}
h2{font-size:1.25rem;line-height:1.3;margin:2.75rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3{font-size:1.05rem;line-height:1.35;margin:1.75rem 0 .35rem}
p{margin:.35rem 0 .75rem;max-width:46rem}
a{color:var(--link)}
a:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.soft,.says,.note{color:var(--soft)}
.says,.note{font-size:.92rem}
.short{font-size:1.15rem;line-height:1.45;max-width:50rem}
.apart{border-left:.3rem solid var(--unknown);background:var(--tint);padding:.5rem .75rem;max-width:50rem}
nav ul{list-style:none;margin:1rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.1rem 1rem}
nav a{display:inline-block;padding:.2rem 0}
dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1rem 0}
dl.facts>div{background:var(--tint);padding:.5rem .75rem;border-radius:.3rem}
dl.facts dt{color:var(--soft);font-size:.85rem}
dl.facts dd{margin:0;font-size:1.05rem;font-weight:600}
dl.facts time{white-space:normal}
.lanes{width:60%;vertical-align:middle}
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.92rem;font-variant-numeric:tabular-nums}
caption,.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-bottom:1px solid var(--line)}
thead th{font-size:.85rem;color:var(--soft);vertical-align:bottom;font-weight:600}
tbody th{font-weight:500}
.n{text-align:right;overflow-wrap:normal}
td.n{white-space:nowrap}
.date{white-space:nowrap}
.name{display:block;color:var(--soft);font-size:.85rem;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
time{white-space:nowrap}
.un{color:var(--soft);font-style:italic}
.off{background:var(--h2)}
.zero{color:var(--soft)}
.long{min-width:15rem}
.h1{background:var(--h1)}.h2{background:var(--h2)}.h3{background:var(--h3)}.h4{background:var(--h4)}
.sev{font-weight:600;white-space:nowrap}
.sev-critical,.sev-high{color:var(--hit)}
.barcell{width:20%;min-width:6rem;vertical-align:middle}
svg.bar{display:block;width:100%;height:.95rem}
svg text{fill:var(--soft);font-size:11px}
.f-hit{fill:var(--hit)}.f-accepted{fill:var(--accepted)}.f-clean{fill:var(--clean)}.f-between{fill:var(--between)}
.f-unknown{fill:url(#hatch)}.f-notasked{fill:var(--none)}.f-notjudged{fill:url(#dots)}
.s-back{fill:var(--paper)}.s-mark{stroke:var(--unknown);stroke-width:2;fill:none}.s-dot{fill:var(--unknown)}
.s-edge{fill:none;stroke:var(--unknown);stroke-width:1}
.legend{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.9rem}
.legend svg{width:1rem;height:.8rem;margin-right:.35rem;vertical-align:-.05rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1rem;margin:.75rem 0}
figure{margin:0;break-inside:avoid}
figcaption{font-weight:600;font-size:.92rem}
svg.plot{display:block;width:100%;height:9rem;overflow:visible}
.grid{stroke:var(--line);stroke-width:1}
.line{fill:none;stroke:var(--link);stroke-width:2;vector-effect:non-scaling-stroke}
.line2{fill:none;stroke:var(--unknown);stroke-width:2;stroke-dasharray:4 3;vector-effect:non-scaling-stroke}
.dot{fill:var(--link)}.dot2{fill:var(--paper);stroke:var(--unknown);stroke-width:2}.gapmark{fill:var(--tint)}
.lane{stroke:var(--line);stroke-width:1}.gained{fill:var(--between)}.lost{fill:var(--paper);stroke:var(--hit);stroke-width:2}
pre{white-space:pre-wrap;background:var(--tint);padding:.6rem .75rem;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:.4rem 0 1rem;overflow-wrap:anywhere}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
ul.plain{padding-left:1.1rem;max-width:50rem}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:.75rem;font-size:.9rem;color:var(--soft)}
@media screen and (min-width:58.01rem){th:has(>.name){min-width:17rem}}
@media screen and (max-width:58rem){
body{padding:1rem .85rem 3rem}
table.cards,.cards tbody,.cards tr,.cards td,.cards th{display:block;width:auto}
.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.cards tr{border-bottom:1px solid var(--line);padding:.45rem 0}
.cards td,.cards tbody th{overflow-wrap:anywhere;border:0;padding:.1rem 0;text-align:left;white-space:normal}
.cards td[data-l]{display:flex;gap:.5rem}
.cards td[data-l]::before{content:attr(data-l);color:var(--soft);flex:0 0 8.5rem;font-size:.85rem}
.cards tbody th{font-weight:600}
.cards td.n[data-l]{display:inline-flex;width:48%}
.cards td.n[data-l]::before{flex:0 1 auto}
.cards .barcell,.cards .lanes{padding:.3rem 0}
.long{min-width:0}
.cards td>*{min-width:0}
time{white-space:normal}
}
@media print{
body{font-size:10pt;max-width:none;padding:0}
h2,h3{break-after:avoid}
tr,figure,.apart,dl.facts>div{break-inside:avoid}
thead{display:table-header-group}
nav{display:none}
table{font-size:8.5pt}
th,td{padding:.15rem .3rem}
pre{font-size:7.5pt}
pre{break-inside:auto}
.long{min-width:0}
svg,.off,.h1,.h2,.h3,.h4,.apart,dl.facts>div{-webkit-print-color-adjust:exact;print-color-adjust:exact}
@page{margin:14mm}
}
`.trim();
