/** What a tool printed, as words of a message: status.message is one line. */
export function oneLine(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim())
  return lines
    .filter((line) => line !== '')
    .map((line, index, all) => (index === all.length - 1 || /[:;,.]$/.test(line) ? line : `${line};`))
    .join(' ')
}
