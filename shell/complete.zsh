# Completions of azenv for zsh 5.8 and later. `azenv completion zsh` prints the rules, generated
# from the command line's own declarations, and then this file.
#
# No process is started and nothing is evaluated: names of contexts are chosen by strangers. They
# are read from a file and handed to compadd, which quotes them. (compsys has set the options that
# its functions count on, and has turned aliases off.)

# Sets names to the names of the contexts.
__azenv_complete_names() {
  local state=${__azenv_state-}
  if [[ -z $state ]]; then
    if [[ -n ${AZENV_HOME-} ]]; then
      state=$AZENV_HOME/state
    elif [[ $OSTYPE == darwin* ]]; then
      state="${HOME-}/Library/Application Support/azenv"
    else
      state=${XDG_STATE_HOME:-${HOME-}/.local/state}/azenv
    fi
    state+=/$__azenv_complete_layout
  fi
  names=()
  # zsh reads the file itself, without a process
  if [[ -f $state/names && -r $state/names ]]; then names=("${(@f)$(<$state/names)}"); fi
  # What this session has kept to itself.
  state=${__azenv_root-}/session/${AZENV_SESSION%%.*}/names
  if [[ -n ${__azenv_root-} && -n ${AZENV_SESSION-} && -s $state && -r $state ]]; then
    names+=("${(@f)$(<$state)}")
  fi
}

# What the value of the switch $1 is: sets value; '' where it takes none.
__azenv_complete_value() {
  local spelling=${1%%=*} row
  value=''
  # `-yo` is `-y -o`: the last letter takes the next word
  [[ $1 == --* ]] || spelling=-${1[-1]}
  for row in $switches; do
    [[ ,${row%%\|*}, == *,$spelling,* ]] || continue
    row=${row#*\|} value=${row%%\|*}
  done
}

# Sets kind to what may stand at this place: the last operand may repeat.
__azenv_complete_kind() {
  kind=${operands[place]-}
  if (( place > $#operands )) && [[ ${operands[-1]-} == *...* ]]; then kind=$operands[-1]; fi
}

# Follows the words before the cursor; fails where a verb is unknown. Sets kind, pending (the
# value that is due), over (no options any more), and index: where the walk ended.
__azenv_complete_walk() {
  local word
  local -i given=0 place=1
  __azenv_rules ''
  for (( index = 2; index <= CURRENT; index++ )); do
    word=${(Q)words[index]}
    __azenv_complete_kind
    if [[ -n $pending ]]; then
      (( index < CURRENT )) || return 0
      pending=''
    elif [[ -z $over && $word == -- ]] && (( index < CURRENT )); then
      over=1
    elif [[ $kind == *@command* ]] && { [[ -n $over || $word != -* ]] || (( given )) }; then
      return 0
    elif (( index == CURRENT )); then
      kind=${kind//@command/}
      return 0
    elif [[ -z $over && $word == -?* ]]; then
      __azenv_complete_value $word
      if [[ $value == @skip ]]; then
        (( place += 1 ))
      elif [[ $word != --*=* ]]; then
        pending=$value
      fi
    elif (( $#verbs )); then
      path_of_verb+=${path_of_verb:+ }$word
      __azenv_rules $path_of_verb || return 1
    else
      (( place += 1, given += 1 ))
    fi
  done
}

# Offers names of contexts: by the letter, else whatever the case.
__azenv_complete_contexts() {
  local -a names expl
  __azenv_complete_names
  _wanted contexts expl context compadd -a names ||
    _wanted contexts expl context compadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -a names
}

# Offers what stands for the value $1.
__azenv_complete_offer() {
  local word
  local -a literal expl
  local -i found=1
  for word in ${=1}; do
    case $word in
      @context) __azenv_complete_contexts && found=0 ;;
      @file) _files && found=0 ;;
      @directory) _files -/ && found=0 ;;
      @* | ...) ;;
      *) literal+=($word) ;;
    esac
  done
  if (( $#literal )); then _wanted values expl value compadd -a literal && found=0; fi
  return found
}

# Offers the switches with their help.
__azenv_complete_switches() {
  local row spelling
  local -a described
  for row in $switches; do
    for spelling in ${(s:,:)row%%\|*}; do described+=("$spelling:${row#*\|*\|}"); done
  done
  if [[ " $kind " == *' - '* ]]; then described+=('-:The one before.'); fi
  _describe -o option described
}

_azenv() {
  local path_of_verb='' pending='' over='' kind value
  local -a verbs switches operands described
  local -i index
  __azenv_complete_walk || return 1
  if [[ -n $pending ]]; then
    __azenv_complete_offer $pending
  elif [[ $kind == *@command* ]]; then
    shift $(( index - 1 )) words
    # what exec can start is a program, no function
    if (( (CURRENT -= index - 1) == 1 )); then _command_names -e; else _normal; fi
  elif [[ -z $over && $PREFIX == --*=* ]]; then
    __azenv_complete_value $PREFIX
    compset -P 1 '*='
    __azenv_complete_offer $value
  elif [[ -z $over && $PREFIX == -* ]]; then
    __azenv_complete_switches
  elif (( $#verbs )); then
    described=("${(@)verbs/\|/:}")
    _describe command described
  else
    __azenv_complete_offer $kind
  fi
}

# Autoloaded from $fpath this file is the function's body; sourced, it registers the function.
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _azenv "$@"
elif (( $+functions[compdef] )); then
  compdef _azenv azenv
fi
