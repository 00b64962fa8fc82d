# Ends what `azenv init zsh` prints: completions, read at the first TAB. Reading them at each start
# of a shell would cost more than the whole hook does in a minute.

_azenv() {
  [[ -f $__azenv_completions ]] || \builtin return 1
  \builtin source "$__azenv_completions" && _azenv "$@"  # the file defines this function anew
}

# `compinit`, which rc files call before or after us, makes `_comps`; without it there is nothing
# to register with. Silent: a theme's instant prompt bears no output.
__azenv_register_completions() {
  \builtin emulate -L zsh
  precmd_functions=("${(@)precmd_functions:#__azenv_register_completions}")
  if (( ${+_comps} )); then compdef _azenv azenv; fi
}

if [[ -o interactive && ! -o restricted ]]; then
  if (( ${+_comps} )); then
    compdef _azenv azenv
  elif [[ ${(t)precmd_functions} != *readonly* && " ${precmd_functions[*]-} " != *' __azenv_register_completions '* ]]; then
    precmd_functions+=(__azenv_register_completions)
  fi
fi
