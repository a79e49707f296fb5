# shellcheck shell=bash
# What shells offer when somebody presses the tabulator behind a line that begins with `minivpn`. Sourced by tests.
#
# shellcheck disable=SC2016 # what stands in single quotes is expanded by another shell

# shellcheck disable=SC2034 # for the tests
readonly shells=(bash zsh fish)
completions=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../packaging/completions" && pwd)
shells_folder=

# shells_begin FOLDER MINIVPN: a home for the shells, where `minivpn` is this program. FOLDER is the caller's.
shells_begin() {
  shells_folder=$1/shells
  mkdir -p "$shells_folder/bin" "$shells_folder/home"
  ln -sf "$2" "$shells_folder/bin/minivpn"
}

# in_shell COMMAND...
in_shell() {
  env HOME="$shells_folder/home" XDG_CONFIG_HOME="$shells_folder/home" XDG_DATA_HOME="$shells_folder/home" TERM=xterm \
    PATH="$shells_folder/bin:$PATH" timeout -k 5 60 "$@"
}

# in_bash LINE: as readline would call the function.
in_bash() {
  in_shell bash --norc -c '
    source "$1"
    [[ $(complete -p minivpn) == "complete -F _minivpn minivpn" ]] || exit 1
    IFS=" " read -ra COMP_WORDS <<<"minivpn $2"
    [[ -n $2 && $2 != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _minivpn
    ((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' bash "$completions/minivpn.bash" "$1"
}

# in_fish LINE: with what is said about each word.
in_fish() {
  in_shell fish --no-config -c 'source $argv[1]; complete -C "minivpn $argv[2]"' "$completions/minivpn.fish" "$1"
}

# zsh completes on a terminal alone. This one notes whatever is offered in the file $out, and makes $out.done when it is ready.
zsh_setup='
fpath=("$completions" $fpath)
autoload -Uz compinit && compinit -D -u
compadd() {
  local -a hits
  # With these it fills arrays, or takes from them, and offers nothing.
  if [[ " $* " != *" -"[OAD]" "* ]]; then
    builtin compadd -O hits "$@"
    print -rl -- $hits >>$out
  fi
  builtin compadd "$@"
}
finish() { : >$out.done }
comppostfuncs=(finish)
bindkey "^I" complete-word
: >$out.ready'

zsh_terminal='
zmodload zsh/zpty zsh/zselect
wait_for() {
  local i said
  for ((i = 0; i < 1000; i++)); do
    [[ ! -e $1 ]] || return 0
    zpty -r -t session said
    zselect -t 1
  done
  return 1
}
zpty session zsh -f -i
zpty -w session ". ${(q)setup}"
wait_for $out.ready && zpty -w -n session "minivpn $line$(printf "\t")" && wait_for $out.done'

# in_zsh LINE
in_zsh() {
  local out
  out=$(mktemp "$shells_folder/zsh.XXXXXX")
  echo "$zsh_setup" >"$out.setup"
  in_shell env out="$out" line="$1" setup="$out.setup" completions="$completions" zsh -f -c "$zsh_terminal" && sort -u "$out"
}

# offered SHELL LINE: the words, one a line.
offered() {
  case $1 in
    bash) in_bash "$2" ;;
    zsh) in_zsh "$2" ;;
    fish) in_fish "$2" | cut -f 1 ;;
  esac
}
