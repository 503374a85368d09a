/** How the explorer looks: as a report does, and what somebody works with besides. */
import { style as ofReport } from '../report/style.ts';

export const style = `${ofReport}
[hidden]{display:none!important}
body{max-width:96rem}
header p{margin:.25rem 0}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.4rem .6rem;z-index:2}
.fault{color:var(--hit);overflow-wrap:anywhere}
#work{display:grid;grid-template-columns:19rem minmax(0,1fr);gap:2rem;margin-top:1rem}
#work h2{margin-top:1rem;border-top:0;padding-top:0}
nav details{margin:.5rem 0}
#work nav ul{display:block;margin:.25rem 0;max-height:32rem;overflow-y:auto}
nav li{padding:.1rem 0;font-size:.92rem;overflow-wrap:anywhere}
nav li .soft{font-size:.85rem}
nav li button{border:0;background:none;padding:.1rem 0;color:var(--link);text-align:left;text-decoration:underline}
summary{cursor:pointer;font-weight:600}
button,input,select,textarea{font:inherit;color:var(--ink);background:var(--paper);border:1px solid var(--unknown);border-radius:.25rem;max-width:100%}
button{padding:.2rem .6rem;cursor:pointer;overflow-wrap:anywhere;text-align:left}
button:disabled{color:var(--soft);cursor:default}
#run{background:var(--link);color:var(--paper);border-color:var(--link)}
input[type=search]{width:100%;padding:.2rem .4rem}
input[readonly]{flex:0 1 14rem;min-width:4rem;padding:.2rem .4rem;color:var(--soft)}
:is(button,input,select,textarea,summary,h2):focus-visible{outline:3px solid var(--link);outline-offset:2px}
textarea{display:block;width:100%;font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;padding:.5rem;resize:vertical}
.completions{min-height:2.2rem;overflow-x:auto}
#completion{display:flex;list-style:none;margin:0;padding:.2rem;background:var(--tint);font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
#completion li{white-space:nowrap;padding:.1rem .4rem;cursor:pointer}
#completion [aria-selected=true]{background:var(--link);color:var(--paper)}
.row{display:flex;flex-wrap:wrap;gap:.4rem;align-items:baseline;max-width:none}
.wide{overflow-x:auto;position:relative}
.wide table{width:max-content;min-width:100%}
.wide th,.wide td{min-width:3rem;max-width:28rem;overflow-wrap:anywhere}
.wide td.n{overflow-wrap:normal}
.wide time{white-space:nowrap}
.facets{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:1rem}
.facet h3{margin:.25rem 0;overflow-wrap:anywhere}
.facet ul{list-style:none;margin:.25rem 0;padding:0}
.facet li{padding:.1rem 0}
dl.about{display:grid;grid-template-columns:minmax(7rem,max-content) minmax(0,1fr);gap:.25rem 1rem}
dl.about dt{color:var(--soft)}
dl.about dd{margin:0}
table.plot th{width:30%}
table.plot .barcell{width:55%}
.f-value{fill:var(--link)}
.f-notknown{fill:none;stroke:var(--unknown);stroke-dasharray:4 3}
@media screen and (max-width:58rem){#work{grid-template-columns:minmax(0,1fr);gap:.5rem}#work nav ul{max-height:14rem}dl.about{grid-template-columns:minmax(0,1fr)}}
@media print{#work{display:block}textarea{field-sizing:content;resize:none}#work :is(.row,.completions),header p:has(#file){display:none}.wide table{width:100%}}
`.trim();
