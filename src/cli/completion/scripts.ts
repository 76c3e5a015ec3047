export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A line that says "and names of files". */
export const FILES_MARK = ':files'
/** The hidden command that the scripts ask. */
export const ASK = '__complete'

/** What a shell reads once; it asks the command line itself at each key, so that a new version needs no new script. */
export const SCRIPTS: Record<Shell, string> = {
  bash: `# Completion of o2ims for bash:  source <(o2ims completion bash)
_o2ims() {
  local line cur words
  if declare -F _get_comp_words_by_ref >/dev/null; then
    # Without this, bash takes "--output=json" and "http://…" for several words.
    _get_comp_words_by_ref -n '=:' -c cur -w words -i cword
  else
    cur=\${COMP_WORDS[COMP_CWORD]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ${FILES_MARK} ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <("\${words[0]}" ${ASK} -- "\${words[@]:1:cword}" 2>/dev/null)
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _o2ims o2ims
`,
  zsh: `#compdef o2ims
# Completion of o2ims for zsh:  source <(o2ims completion zsh), after compinit
_o2ims() {
  local line
  integer none=1
  local -a found
  while IFS= read -r line; do
    if [[ $line == ${FILES_MARK} ]]; then
      _files && none=0
    else
      found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done < <("\${words[1]}" ${ASK} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe o2ims found && none=0; fi
  return none
}
compdef _o2ims o2ims
`,
  fish: `# Completion of o2ims for fish:  o2ims completion fish | source
function __o2ims_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] ${ASK} -- $words[2..-1] 2>/dev/null)
        if test "$line" = ${FILES_MARK}
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c o2ims -f -a '(__o2ims_complete)'
`,
}
