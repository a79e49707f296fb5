# Completion of bash for minivpn. What may stand where is asked of the program itself, by `minivpn complete`.
# shellcheck shell=bash

_minivpn() {
  local current=${COMP_WORDS[COMP_CWORD]} line word quoted
  COMPREPLY=()
  while IFS= read -r line; do
    word=${line%%$'\t'*}
    if [[ $word == :files ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
    elif [[ $word != -* || $current == -* ]]; then
      # A peer's name may hold anything that can be printed.
      printf -v quoted %q "$word"
      [[ $word != "$current"* && $quoted != "$current"* ]] || COMPREPLY+=("$quoted")
    fi
  done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
}

complete -F _minivpn minivpn
