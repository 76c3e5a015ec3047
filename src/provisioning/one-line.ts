/** What a tool printed, as words of a message: status.message is one line. */
export const oneLine = (text: string): string =>
  text.trim().replaceAll(/([:;,.]?)\s*[\r\n]\s*/g, (_, mark: string) => (mark === '' ? '; ' : `${mark} `))
