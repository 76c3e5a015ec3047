import { type Document, isAlias, isNode, type Node, parseDocument, visit } from 'yaml'

/** How often what an anchor holds may be repeated: what grows like a billion laughs does not get far. */
const MOST_REPEATED = 100
/** Nodes above a node; a level of a mapping counts two. What reads the value recurses. */
const DEEPEST = 400

/**
 * The value of a document that was parsed without errors: a tree. Throws an Error of one line, which quotes nothing of the text, for aliases that multiply beyond measure, that
 * name nothing, or that stand inside of what they name, and for what is nested too deeply.
 */
export function plainValue(document: Document): unknown {
  checkTree(document)
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

/** Why a text could not be parsed, in one line: the library tells of its own stack where a text is nested too deeply. */
export function yamlFault({ message }: Error): string {
  return message.startsWith('Maximum call stack') ? 'it is nested too deeply' : (message.split('\n')[0] ?? message)
}

/** The library looks each alias up from the start, and follows one into itself. */
function checkTree(document: Document): void {
  const anchors = new Map<string, Node>()
  visit(document, {
    Node(_, node, path) {
      if (path.length > DEEPEST) throw new Error('it is nested too deeply')
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
