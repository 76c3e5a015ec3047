/**
 * Regular expressions that take time in proportion to the text, whatever the pattern: a template's `pattern` comes from a client, and one with nested
 * repetitions holds a backtracking engine (and with it the process) for hours. All ways through the pattern are followed at once (Thompson, 1968).
 * The price: no back-references, no look-around; publishing refuses them.
 */
export interface LinearRegExp {
  test(text: string): boolean
}

/** A pattern that cannot be run in linear time, or is none. */
export class UnsupportedPattern extends Error {}

/** Longer texts match no pattern: the bound of the work for one value. */
export const MOST_CHARACTERS = 4096
const MOST_STATES = 1000
const MOST_PATTERN_CHARACTERS = 1000

type Assertion = '^' | '$' | '\\b' | '\\B'
type Tree =
  | { kind: 'one'; matches: (character: string) => boolean }
  | { kind: 'assert'; what: Assertion }
  | { kind: 'sequence'; items: Tree[] }
  | { kind: 'either'; options: Tree[] }
  | { kind: 'repeat'; item: Tree; least: number; most: number }

/** Reads a pattern (ECMA-262, flag u, as JSON Schema wants it). Rejects with UnsupportedPattern. */
export function createLinearRegExp(pattern: string): LinearRegExp {
  if (pattern.length > MOST_PATTERN_CHARACTERS)
    throw new UnsupportedPattern(`is longer than ${MOST_PATTERN_CHARACTERS} characters`)
  try {
    new RegExp(pattern, 'u')
  } catch {
    throw new UnsupportedPattern('is not a regular expression')
  }
  const program = compile(parse(pattern))
  return { test: (text) => text.length <= MOST_CHARACTERS && run(program, Array.from(text)) }
}

const QUANTIFIER = /^(?:[*+?]|\{(\d{1,4})(,(\d{1,4})?)?\})\??/
const CLASS = /^\[(?:\\.|[^\]\\])*\]/su
const ESCAPE = /^\\(?:u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[A-Za-z_=0-9]+\}|[^ux])/su

/** The pattern is known to be valid: what is left is to take it apart. */
function parse(pattern: string): Tree {
  let rest = pattern

  function either(): Tree {
    const options = [sequence()]
    while (take('|')) options.push(sequence())
    return options.length === 1 && options[0] ? options[0] : { kind: 'either', options }
  }
  function sequence(): Tree {
    const items: Tree[] = []
    while (rest !== '' && !rest.startsWith('|') && !rest.startsWith(')')) items.push(repeated(atom()))
    return { kind: 'sequence', items }
  }
  function atom(): Tree {
    if (take('(')) return group()
    if (take('^')) return { kind: 'assert', what: '^' }
    if (take('$')) return { kind: 'assert', what: '$' }
    if (take('\\b')) return { kind: 'assert', what: '\\b' }
    if (take('\\B')) return { kind: 'assert', what: '\\B' }
    if (/^\\[1-9k]/.test(rest))
      throw new UnsupportedPattern('has a back-reference, which cannot be checked in linear time')
    const source = CLASS.exec(rest)?.[0] ?? ESCAPE.exec(rest)?.[0] ?? Array.from(rest)[0] ?? ''
    rest = rest.slice(source.length)
    return { kind: 'one', matches: characterTest(source) }
  }
  function group(): Tree {
    if (/^\?<?[=!]/.test(rest))
      throw new UnsupportedPattern('looks ahead or behind, which cannot be checked in linear time')
    if (/^\?[a-z-]+:/.test(rest)) throw new UnsupportedPattern('changes flags inside of a group')
    rest = rest.replace(/^\?(?::|<[^>]*>)/, '')
    const inner = either()
    take(')')
    return inner
  }
  function repeated(item: Tree): Tree {
    const match = QUANTIFIER.exec(rest)
    if (!match) {
      if (/^\{\d/.test(rest)) throw new UnsupportedPattern('repeats too often')
      return item
    }
    rest = rest.slice(match[0].length)
    const [sign, first, comma, last] = match
    if (first === undefined)
      return { kind: 'repeat', item, least: sign.startsWith('+') ? 1 : 0, most: sign.startsWith('?') ? 1 : Infinity }
    const least = Number(first)
    return { kind: 'repeat', item, least, most: last !== undefined ? Number(last) : comma ? Infinity : least }
  }
  function take(text: string): boolean {
    if (!rest.startsWith(text)) return false
    rest = rest.slice(text.length)
    return true
  }

  return either()
}

/** One character against a class or an escape is nothing that could backtrack: the engine of the language does it. */
function characterTest(source: string): (character: string) => boolean {
  const one = new RegExp(`^${source}$`, 'u')
  return (character) => one.test(character)
}

type State =
  | { kind: 'one'; matches: (character: string) => boolean; next: number }
  | { kind: 'assert'; what: Assertion; next: number }
  | { kind: 'split'; next: number[] }
  | { kind: 'end' }

interface Program {
  states: State[]
  start: number
}

/** Builds the states from the end backwards: each piece knows what comes after it. */
function compile(tree: Tree): Program {
  const states: State[] = [{ kind: 'end' }]
  const add = (state: State): number => {
    if (states.length >= MOST_STATES)
      throw new UnsupportedPattern(`is too large: more than ${MOST_STATES} states once its repetitions are written out`)
    return states.push(state) - 1
  }
  let pieces = 0
  function build(piece: Tree, next: number): number {
    pieces += 1
    if (pieces > 10 * MOST_STATES) throw new UnsupportedPattern('repeats nothing too often')
    switch (piece.kind) {
      case 'one':
        return add({ ...piece, next })
      case 'assert':
        return add({ ...piece, next })
      case 'sequence':
        return piece.items.reduceRight((after, item) => build(item, after), next)
      case 'either':
        return add({ kind: 'split', next: piece.options.map((option) => build(option, next)) })
      case 'repeat':
        return repeat(piece.item, piece.least, piece.most, next)
    }
  }
  function repeat(item: Tree, least: number, most: number, next: number): number {
    let after = next
    if (most === Infinity) {
      const loop: { kind: 'split'; next: number[] } = { kind: 'split', next: [next] }
      after = add(loop)
      loop.next.push(build(item, after))
    } else {
      for (let count = least; count < most; count += 1) after = add({ kind: 'split', next: [next, build(item, after)] })
    }
    for (let count = 0; count < least; count += 1) after = build(item, after)
    return after
  }
  const start = build(tree, 0)
  return { states, start }
}

/** Is there a match anywhere in the text? */
function run({ states, start }: Program, characters: readonly string[]): boolean {
  let current = new Set<number>()
  for (let at = 0; at <= characters.length; at += 1) {
    const reached = closure(states, [...current, start], characters, at)
    if (reached.has(0)) return true
    const character = characters[at]
    current = new Set()
    if (character === undefined) return false
    for (const index of reached) {
      const state = states[index]
      if (state?.kind === 'one' && state.matches(character)) current.add(state.next)
    }
  }
  return false
}

/** All states that can be reached from these without taking a character. */
function closure(
  states: readonly State[],
  from: readonly number[],
  characters: readonly string[],
  at: number,
): Set<number> {
  const reached = new Set<number>()
  const open = [...from]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue
    reached.add(index)
    const state = states[index]
    if (state?.kind === 'split') open.push(...state.next)
    else if (state?.kind === 'assert' && holds(state.what, characters, at)) open.push(state.next)
  }
  return reached
}

function holds(what: Assertion, characters: readonly string[], at: number): boolean {
  if (what === '^') return at === 0
  if (what === '$') return at === characters.length
  const edge = isWord(characters[at - 1]) !== isWord(characters[at])
  return what === '\\b' ? edge : !edge
}

const isWord = (character: string | undefined): boolean => character !== undefined && /^\w$/.test(character)
