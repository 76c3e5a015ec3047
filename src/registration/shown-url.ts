/** A URL without its query, which may hold what is not for everybody. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
