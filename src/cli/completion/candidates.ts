import type { Argument, Command, Option } from 'commander'

/** What may stand where the cursor is. */
export interface Candidates {
  items: Candidate[]
  /** Names of files, too. */
  files?: true
  /** Something that only the service knows, by the name of the argument. */
  ask?: 'id' | 'oCloud' | 'template'
  /** `--server` as it was given so far. */
  server?: string
}

export interface Candidate {
  word: string
  means: string
}

const FILES = ['file', 'files', 'folder', 'kubeconfig']

/**
 * What the command line takes after `words`, the last of which is being written (and may be empty). Read from the commands themselves, so that it is
 * never out of date. Pure.
 */
export function candidates(program: Command, words: readonly string[]): Candidates {
  const place = walk(program, words.slice(0, -1))
  const found = at(place, words.at(-1) ?? '')
  return { ...found, ...(place.server !== undefined && { server: place.server }) }
}

interface Place {
  command: Command
  /** Arguments of the command that stand already. */
  given: number
  /** An option that waits for its value. */
  pending?: Option
  /** Behind `--`: no options any more. */
  plain?: true
  server?: string
}

function walk(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, given: 0 }
  for (const word of words) {
    if (place.pending) {
      if (place.pending.long === '--server') place.server = word
      delete place.pending
    } else if (place.plain) place.given += 1
    else if (word === '--') place.plain = true
    else if (word.startsWith('-') && word.length > 1) {
      const [name = '', value] = word.split('=', 2)
      const option = optionsOf(place.command).find(({ short, long }) => name === short || name === long)
      if (option && takesValue(option) && value === undefined) place.pending = option
      if (option?.long === '--server' && value !== undefined) place.server = value
    } else {
      const inner = place.command.commands.find((each) => each.name() === word)
      if (inner) place.command = inner
      else place.given += 1
    }
  }
  return place
}

function at({ command, given, pending, plain }: Place, word: string): Candidates {
  if (pending) return starting(valuesOf(pending.argChoices, nameIn(pending.flags)), word)
  const [name = '', value] = word.split('=', 2)
  if (!plain && word.startsWith('--') && value !== undefined) {
    const option = optionsOf(command).find(({ long }) => long === name)
    const found = option ? valuesOf(option.argChoices, nameIn(option.flags)) : { items: [] }
    const items = found.items.map((each) => ({ ...each, word: `${name}=${each.word}` }))
    return starting({ ...found, items }, word)
  }
  if (!plain && word.startsWith('-')) return starting({ items: optionWords(command) }, word)
  const inner = command.createHelp().visibleCommands(command)
  const commands = given === 0 ? inner.map((each) => ({ word: each.name(), means: each.summary() })) : []
  if (commands.length > 0) return starting({ items: commands }, word)
  const argument = argumentAt(command, given)
  return argument ? starting(valuesOf(argument.argChoices, argument.name()), word) : { items: [] }
}

/** Its own and those of all commands above it. */
function optionsOf(command: Command): Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])]
}

function optionWords(command: Command): Candidate[] {
  const words = optionsOf(command)
    .filter(({ hidden }) => !hidden)
    .map(({ long, short, description }) => ({ word: long ?? short ?? '', means: description }))
  return [...words, { word: '--help', means: 'display help for command' }]
}

function argumentAt({ registeredArguments }: Command, given: number): Argument | undefined {
  const last = registeredArguments.at(-1)
  return registeredArguments[given] ?? (last?.variadic ? last : undefined)
}

function valuesOf(choices: readonly string[] | undefined, name: string): Candidates {
  if (choices) return { items: choices.map((word) => ({ word, means: '' })) }
  if (FILES.includes(name)) return { items: [], files: true }
  if (name === 'id' || name === 'oCloud' || name === 'template') return { items: [], ask: name }
  return { items: [] }
}

/** `<file>` of `-f, --file <file>`. */
const nameIn = (flags: string) => /[<[]([^>\].]+)/.exec(flags)?.[1] ?? ''

const takesValue = ({ required, optional }: Option) => required || optional

function starting({ items, ...rest }: Candidates, word: string): Candidates {
  return { ...rest, items: items.filter((each) => each.word.startsWith(word)) }
}
