const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function looksLikeUuid(text: string): boolean {
  return text.length === 36 && UUID.test(text)
}

/** What looks like a UUID in lower case, for case makes no difference there; any other text as it is. */
export function foldUuid(text: string): string {
  return looksLikeUuid(text) ? text.toLowerCase() : text
}
