import { type Document, isAlias, isNode, type Node, parseDocument, visit } from 'yaml'

/** How often what an anchor holds may be repeated: what grows like a billion laughs does not get far. */
const MOST_REPEATED = 100

/**
 * The value of a document that was parsed without errors: a tree. Throws an Error of one line, which quotes nothing of the text, for aliases that multiply beyond measure, that
 * name nothing, or that stand inside of what they name.
 */
export function plainValue(document: Document): unknown {
  checkAliases(document)
  try {
    return document.toJS({ maxAliasCount: MOST_REPEATED })
  } catch (error) {
    throw new Error('its aliases (*name) repeat more than is read', { cause: error })
  }
}

/** The value of a text with one document. Throws what the parser does, and what `plainValue` does. */
export function parsePlain(text: string): unknown {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw error
  return plainValue(document)
}

/** The library looks each alias up from the start, and follows one into itself. */
function checkAliases(document: Document): void {
  const anchors = new Map<string, Node>()
  visit(document, {
    Node(_, node, path) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node)
        return
      }
      const named = anchors.get(node.source)
      if (named === undefined) throw new Error('an alias (*name) names no anchor before it')
      if (path.some((above) => isNode(above) && above === named))
        throw new Error('an alias (*name) stands inside of what it names')
    },
  })
}
