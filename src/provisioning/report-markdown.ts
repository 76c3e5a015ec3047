import { type Block, documentOf, type Inline } from './report-document.ts'
import type { Report } from './schema.ts'

export function reportMarkdown(report: Report): string {
  return `${documentOf(report).map(block).join('\n\n')}\n`
}

function block(one: Block): string {
  if ('heading' in one) return `${'#'.repeat(one.heading)} ${text(one.words)}`
  if ('paragraph' in one) return one.paragraph.map(inline).join('')
  if ('list' in one) return one.list.map((item) => `- ${item.map(inline).join('')}`).join('\n')
  const { head, rows } = one.table
  const line = (cells: string[]) => `| ${cells.map(text).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function inline(part: Inline): string {
  if (typeof part === 'string') return text(part)
  if ('strong' in part) return `**${text(part.strong)}**`
  return `\`${plain(part.code.replaceAll('`', "'"))}\``
}

/** Words from elsewhere, so that they stay words in Markdown; an underscore inside a word means nothing there. */
function text(words: string): string {
  return plain(words.replaceAll(/[\\`*<>|[\]#]|(?<!\w)_|_(?!\w)/g, '\\$&'))
}

/** One line; what drives a terminal does not belong into a file that people print on one. */
const plain = (words: string): string => words.replaceAll(/[\s\p{Cc}]+/gu, ' ')
