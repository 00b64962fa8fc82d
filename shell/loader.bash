# shellcheck shell=bash
# shellcheck disable=SC2154  # `azenv init bash` prints where the completions lie
# Ends what `azenv init bash` prints: completions, read at the first TAB. Reading them at each start
# of a shell would cost more than the whole hook does in a minute.

__azenv_complete() {
  [[ -f $__azenv_completions ]] || \builtin return 1
  # shellcheck source=/dev/null
  \builtin . "$__azenv_completions" || \builtin return 1  # which defines this function anew
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 401)); then \builtin return 124; fi  # try again
  __azenv_complete "$@"
}

if [[ $- == *i* && $- != *r* ]]; then \builtin complete -F __azenv_complete azenv; fi
