import { type Block, documentOf, type Inline } from './report-document.ts'
import type { Report } from './schema.ts'

/** What a page of ours may do: show itself, with the style that stands in it. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

/** The report as one page that needs nothing else: no script, no picture, no font. */
export function reportHtml(report: Report): string {
  const title = `${report.name}: ${report.provisioningPhase}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main class="${report.provisioningPhase.toLowerCase()}">
${documentOf(report).map(block).join('\n')}
</main>
</body>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; --line: #d5d9e0; --quiet: #5b6472; --head: #f3f5f8; --code: #eef1f5; --page: #fff; --ink: #1b2330; --accent: #2f6fde; --good: #17713f; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --line: #39414d; --quiet: #9aa5b4; --head: #232a34; --code: #262e39; --page: #171c23; --ink: #e4e9f0; --good: #4cc38a; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; border-top: 6px solid var(--accent); }
main.fulfilled { --accent: #1d8a4e; } main.failed { --accent: #c8362b; } main.deleting { --accent: #9a6700; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
p, li { overflow-wrap: anywhere; }
h1 + p { color: var(--quiet); margin-top: 0; }
.table { overflow-x: auto; margin: .6rem 0; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: .93em; }
th, td { text-align: left; vertical-align: top; padding: .4rem .7rem; border-top: 1px solid var(--line); max-width: 32rem; overflow-wrap: break-word; }
td { min-width: 6rem; }
thead th { border-top: 0; background: var(--head); white-space: nowrap; }
tbody tr:first-child > * { border-top: 0; }
thead + tbody tr:first-child > * { border-top: 1px solid var(--line); }
table.facts th { width: 10rem; font-weight: 600; color: var(--quiet); }
td.ok { color: var(--good); } td.bad { color: var(--bad); font-weight: 600; }
code { background: var(--code); border-radius: 4px; padding: .1rem .35rem; font: .92em ui-monospace, "Cascadia Mono", Consolas, monospace; overflow-wrap: anywhere; }
@media print { main { border: 0; padding: 0; } .table { overflow: visible; } }
`

function block(one: Block): string {
  if ('heading' in one) return `<h${one.heading}>${escaped(one.words)}</h${one.heading}>`
  if ('paragraph' in one) return `<p>${one.paragraph.map(inline).join('')}</p>`
  if ('list' in one) return `<ul>${one.list.map((item) => `<li>${item.map(inline).join('')}</li>`).join('')}</ul>`
  const { head, rows } = one.table
  const named = head.some((cell) => cell !== '')
  return named ? table(head, rows) : factTable(rows)
}

function table(head: string[], rows: string[][]): string {
  const heads = head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')
  return `<div class="table"><table>\n<thead><tr>${heads}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>`
}

function factTable(rows: string[][]): string {
  const body = rows.map(
    ([name = '', ...values]) => `<tr><th scope="row">${escaped(name)}</th>${values.map(cell).join('')}</tr>`,
  )
  return `<div class="table"><table class="facts"><tbody>\n${body.join('\n')}\n</tbody></table></div>`
}

const GOOD = new Set(['SUCCEEDED', 'SKIPPED', 'reachable'])

function cell(words: string): string {
  const kind = GOOD.has(words) ? 'ok' : words === 'FAILED' || /^not (ready|reachable): /.test(words) ? 'bad' : ''
  return `<td${kind && ` class="${kind}"`}>${escaped(words)}</td>`
}

function inline(part: Inline): string {
  if (typeof part === 'string') return escaped(part)
  return 'strong' in part ? `<strong>${escaped(part.strong)}</strong>` : `<code>${escaped(part.code)}</code>`
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Words from elsewhere, so that they stay words in HTML. */
function escaped(words: string): string {
  return words.replaceAll(/\p{Cc}/gu, ' ').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
}
