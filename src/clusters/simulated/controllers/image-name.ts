const HOST = String.raw`(?:(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?::\d+)?\/)?`
const PART = String.raw`[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*`
const TAG = String.raw`(?::\w[\w.-]{0,127})?`
const DIGEST = '(?:@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9A-Fa-f]{32,})?'
const REFERENCE = new RegExp(`^${HOST}${PART}(?:\\/${PART})*${TAG}${DIGEST}$`)

/** Why no kubelet would pull that image, in its words; undefined when it may be one. An API server takes any name. */
export function imageNameFault(image: string): string | undefined {
  if (image.length <= 512 && REFERENCE.test(image)) return undefined
  const name = JSON.stringify(image)
  return `Failed to apply default image tag ${name}: couldn't parse image name ${name}: invalid reference format`
}
