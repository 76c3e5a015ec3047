import { Argument, type Command } from 'commander'
import { createApi } from '../client/api.ts'
import { createHttp, DEFAULT_SERVER, serverOf } from '../client/http.ts'
import { type Candidate, type Candidates, candidates } from '../completion/candidates.ts'
import { ASK, FILES_MARK, SCRIPTS, SHELLS, type Shell } from '../completion/scripts.ts'
import { clean } from '../view/text.ts'

/** A key is pressed: who waits longer than this has typed on. */
const TIME_LIMIT_MS = 1_500

/** `o2ims completion <shell>` */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('print the completion script of a shell')
    .description(
      'Prints what a shell reads to complete o2ims: commands, options, their values, and names that the service knows. For bash "source <(o2ims completion bash)" in ~/.bashrc, for zsh "source <(o2ims completion zsh)" in ~/.zshrc after compinit, for fish "o2ims completion fish > ~/.config/fish/completions/o2ims.fish". o2ims has to be on the PATH.',
    )
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .action((shell: Shell, _options: object, command: Command) => {
      const { output } = command.optsWithGlobals<{ output: string }>()
      if (output !== 'table') command.error('error: a completion script has no other form: leave --output out')
      process.stdout.write(SCRIPTS[shell])
    })
  program
    .command(ASK, { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const found = candidates(program, words)
      const items = [...found.items, ...(await asked(found, words.at(-1) ?? ''))]
      const lines = items
        .filter(({ word }) => clean(word) === word)
        .map(({ word, means }) => `${word}\t${clean(means)}`)
      process.stdout.write([...lines, ...(found.files ? [FILES_MARK] : [])].map((line) => `${line}\n`).join(''))
    })
}

/** What only the service knows; nothing when it is away. */
async function asked({ ask, server }: Candidates, word: string): Promise<Candidate[]> {
  if (ask === undefined) return []
  try {
    const address = serverOf(server ?? process.env.O2IMS_SERVER ?? DEFAULT_SERVER)
    const api = createApi({
      http: createHttp({ server: address, again: (command) => command, limitMs: TIME_LIMIT_MS }),
    })
    const known = await names(api, ask)
    return known.filter((each) => each.word.startsWith(word))
  } catch {
    // In the middle of a line that somebody writes, nothing is better than an error.
    return []
  }
}

async function names(api: ReturnType<typeof createApi>, ask: NonNullable<Candidates['ask']>): Promise<Candidate[]> {
  switch (ask) {
    case 'id':
      return (await api.list()).map(({ provisioningRequestData: data, status }) => ({
        word: data.provisioningRequestId,
        means: `${status.provisioningPhase} ${data.name}`,
      }))
    case 'oCloud':
      return (await api.oClouds.list()).map(({ name, oCloudId }) => ({ word: name, means: oCloudId }))
    case 'template':
      return (await api.templates.list()).map(({ name, version, description }) => ({
        word: name,
        means: `${version} ${description}`,
      }))
  }
}
