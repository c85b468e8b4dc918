# Completion of dynofactl and dynofa-board for bash. Commands and options are those that their
# help lists.

_dynofactl() {
  local word=${COMP_WORDS[COMP_CWORD]} commands command='' candidate
  commands=$("$1" --help 2>/dev/null |
    sed -n '/^Subcommands:/,/^[^ ]*$/s/^  \([a-z][a-z-]*\).*/\1/p')
  for candidate in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $'\n'$commands$'\n' == *$'\n'"$candidate"$'\n'* ]]; then
      command=$candidate
      break
    fi
  done
  if [[ $word == -* ]]; then
    local options
    options=$("$1" --help 2>/dev/null; [[ -z $command ]] || "$1" "$command" --help 2>/dev/null)
    options=$(sed -n 's/^  \(-[a-z],\)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p' <<<"$options")
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
  fi
}
# Files where it has no proposal.
complete -o default -F _dynofactl dynofactl dynofa-board
