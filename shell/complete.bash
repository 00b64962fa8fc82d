# shellcheck shell=bash
# shellcheck disable=SC2154  # the generated rules stand before this file
# Completions of azenv for bash 3.2 to 5.3. `azenv completion bash` prints the rules, generated
# from the command line's own declarations, and then this file.
#
# No process is started and nothing is evaluated: names of contexts are chosen by strangers, and
# `compgen -W` would run the $(…) in one. They are read from a file, compared, and quoted.

# Cuts the line up to the cursor, $1, into words as bash does, without their quotes: sets words
# (the last is the one under the cursor) and starts (where each begins). Of the last word,
# `quote` is the quote that is still open, and `kept` the number of its characters that precede
# the last ${#2} of the line, which are what readline replaces.
__azenv_complete_split() {
  \builtin local line="$1" stop=$((${#1} - ${#2})) at char word='' start=-1 redirection=''
  words=() starts=() quote='' kept=-1 redirected=''
  for ((at = 0; at < ${#line}; at++)); do
    if [[ $kept -lt 0 && at -ge stop ]]; then kept=${#word}; fi
    char=${line:at:1}
    if [[ $quote == "'" ]]; then
      if [[ $char == "'" ]]; then quote=''; else word+=$char; fi
    elif [[ $char == \\ ]]; then
      if [[ $start -lt 0 ]]; then start=$at; fi
      ((at += 1))
      if [[ -n $quote && ${line:at:1} != [\"\\\$\`] ]]; then word+=\\; fi
      word+=${line:at:1}
    elif [[ $char == "$quote" ]]; then
      quote=''
    elif [[ -n $quote || $char != [\'\"[:space:]\;\&\|\<\>\(\)] ]]; then
      if [[ $start -lt 0 ]]; then start=$at; fi
      word+=$char
    elif [[ $char == [\'\"] ]]; then
      if [[ $start -lt 0 ]]; then start=$at; fi
      quote=$char
    else
      if [[ $start -ge 0 && -z $redirection ]]; then words+=("$word") starts+=("$start"); fi
      if [[ $start -ge 0 ]]; then redirection=''; fi
      if [[ $char == [\<\>] ]]; then redirection=1; fi
      word='' start=-1 kept=-1
    fi
  done
  if [[ $kept -lt 0 ]]; then kept=${#word}; fi
  if [[ $start -lt 0 ]]; then start=${#line}; fi
  words+=("$word") starts+=("$start") redirected=$redirection
}

# Sets names to the names of the contexts, at least those that begin with $1 in whatever case.
__azenv_complete_names() {
  \builtin local state="${__azenv_state-}" name
  names=()
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
  if [[ ! -f $state/names || ! -r $state/names ]]; then :
  elif [[ ${BASH_VERSINFO[0]} -ge 4 ]]; then
    \builtin mapfile -t names <"$state/names"
    __azenv_complete_narrow "$1"
  else
    while IFS= \builtin read -r name; do names+=("$name"); done <"$state/names"
  fi
  # What this session has kept to itself.
  state=${__azenv_root-}/session/${AZENV_SESSION-} state=${state%%.*}
  if [[ -n ${__azenv_root-} && -n ${AZENV_SESSION-} && -f $state/names && -r $state/names ]]; then
    while IFS= \builtin read -r name; do names+=("$name"); done <"$state/names"
  fi
}

# Cuts names down to those that begin with $1. They are sorted by their bytes, ASCII letters in
# lower case: two searches instead of ten thousand comparisons.
__azenv_complete_narrow() {
  \builtin local LC_ALL=C key="${1,,}" bound first='' low=0 high middle
  for bound in "$key" "$key"$'\377'; do
    high=${#names[@]}
    while [[ $low -lt $high ]]; do
      middle=$(((low + high) / 2))
      if [[ ${names[middle],,} < $bound ]]; then low=$((middle + 1)); else high=$middle; fi
    done
    first=${first:-$low}
  done
  names=("${names[@]:first:low - first}")
}

# Keeps of the offers those that begin with $1, by the letter, else whatever the case.
__azenv_complete_filter() {
  \builtin local prefix="$1" length=${#1} offer found='' IFS='' joined rest
  matches=()
  if [[ ${#offers[@]} -eq 0 ]]; then \builtin return 0; fi
  # All of them? Told at once, by what is left where it is taken away.
  joined="${offers[*]}" rest="${offers[*]#"$prefix"}"
  if ((${#joined} - ${#rest} == length * ${#offers[@]})); then
    matches=("${offers[@]}")
    \builtin return 0
  fi
  for offer in "${offers[@]}"; do
    if [[ $offer == "$prefix"* ]]; then matches+=("$offer"); fi
  done
  if [[ ${#matches[@]} -ne 0 ]] || \builtin shopt -q nocasematch; then \builtin return 0; fi

  \builtin shopt -s nocasematch
  for offer in "${offers[@]}"; do
    [[ $offer == "$prefix"* ]] || \builtin continue
    found=$offer
    # Of several readline inserts what they have in common, which may not undo what was typed.
    matches+=("$prefix${offer:length}")
  done
  \builtin shopt -u nocasematch
  if [[ ${#matches[@]} -eq 1 ]]; then matches=("$found"); fi
}

# Sets COMPREPLY to the matches without their first `kept` characters, quoted so that they go on
# from what was typed: in the open quote, if there is one.
__azenv_complete_reply() {
  \builtin local skip single="'\\''" slash="\\" joined IFS=$'\n' at
  if [[ ${#matches[@]} -eq 0 ]]; then \builtin return 0; fi
  if [[ $kept -gt 0 ]]; then
    \builtin printf -v skip '%*s' "$kept" ''
    # shellcheck disable=SC2295  # question marks, each for one character
    matches=("${matches[@]#${skip// /?}}")
  fi
  case $quote in
    '')
      \builtin printf -v joined '%q\n' "${matches[@]}"
      # shellcheck disable=SC2206  # cut at line ends, which no name holds; a here-string is a file
      case $- in
        *f*) COMPREPLY=($joined) ;;
        *) \builtin set -f; COMPREPLY=($joined); \builtin set +f ;;
      esac
      \builtin return ;;
    \') matches=("${matches[@]//\'/$single}") ;;
    \")
      joined=$slash$slash skip=x
      # from bash 5.2 on, two backslashes in a replacement are one
      if [[ ${skip/x/$joined} == "$slash" ]]; then joined=$joined$joined; fi
      matches=("${matches[@]//"$slash"/$joined}")
      for skip in '"' '$' '`'; do matches=("${matches[@]//"$skip"/$slash$skip}"); done
      # In double quotes a backslash before ! stays
      matches=("${matches[@]//!/\"\\!\"}") ;;
  esac
  # readline takes a quote at our beginning for the opening one, and one at our end for the closing.
  for ((at = 0; at < ${#matches[@]}; at++)); do
    if [[ ${matches[at]} == "$quote"* ]]; then matches[at]=$quote${matches[at]}; fi
    if [[ ${matches[at]} == *"$quote" ]]; then matches[at]+=$quote; fi
  done
  COMPREPLY=("${matches[@]}")
}

# What the value of the switch $1 is: sets value; '' where it takes none.
__azenv_complete_value() {
  \builtin local spelling="${1%%=*}" row
  value=''
  # `-yo` is `-y -o`: the last letter takes the next word
  if [[ $1 != --* ]]; then spelling=-${1:${#1}-1}; fi
  for row in ${switches[@]+"${switches[@]}"}; do
    [[ ,${row%%|*}, == *,"$spelling",* ]] || \builtin continue
    value=${row#*|} value=${value%%|*}
  done
}

# Hands the command line that begins with word number $1 to the command's own completion.
__azenv_complete_command() {
  \builtin local start="${starts[$1]}" at=0 index dir file delegate
  for delegate in _comp_command_offset _command_offset; do
    \builtin declare -F "$delegate" >/dev/null || \builtin continue
    # bash cuts its COMP_WORDS at colons and the like as well: the same place has another number
    for ((index = 0; index < COMP_CWORD; index++)); do
      while [[ ${COMP_LINE:at:1} == [[:space:]] ]]; do ((at += 1)); done
      if [[ $at -ge $start ]]; then \builtin break; fi
      ((at += ${#COMP_WORDS[index]}))
    done
    "$delegate" "$index"
    \builtin return
  done
  # With failglob a directory of the PATH without a match would be an error
  if [[ $1 -lt $((${#words[@]} - 1)) || ${words[$1]} == */* ]] || \builtin shopt -q failglob; then
    __azenv_complete_by default
    \builtin return
  fi
  \builtin local IFS=:
  for dir in ${PATH-}; do
    for file in "$dir/${words[$1]}"*; do
      if [[ -f $file && -x $file ]]; then matches+=("${file##*/}"); fi
    done
  done
  __azenv_complete_reply
}

# Leaves it to readline: `default` completes files. Before bash 4 that is what happens anyway.
__azenv_complete_by() {
  if [[ ${BASH_VERSINFO[0]} -ge 4 ]]; then \builtin compopt -o "$1" 2>/dev/null; fi
}

# Offers what stands for the value $1, of which $3 was typed, after the text $2 (`--output=`).
__azenv_complete_offer() {
  \builtin local word names IFS=' '
  for word in $1; do
    case $word in
      @context)
        __azenv_complete_names "$3"
        if [[ ${#names[@]} -ne 0 ]]; then offers+=("${names[@]/#/$2}"); fi ;;
      @file) files=default ;;
      @directory) files=dirnames ;;
      @* | ...) ;;
      *) offers+=("$2$word") ;;
    esac
  done
}

# Sets kind to what may stand at this place: the last operand may repeat.
__azenv_complete_kind() {
  \builtin local last=$((${#operands[@]} - 1))
  kind=''
  if [[ $last -lt 0 ]]; then \builtin return 0; fi
  if [[ $place -le $last ]]; then kind=${operands[place]}; else kind=${operands[last]}; fi
  if [[ $place -gt $last && $kind != *...* ]]; then kind=''; fi
}

# Follows the words before the cursor; fails where a verb is unknown. Sets kind, pending (the
# value that is due), over (no options any more), and index: where the walk ended.
__azenv_complete_walk() {
  \builtin local word given=0 place=0 last=$((${#words[@]} - 1))
  __azenv_rules ''
  for ((index = 1; index <= last; index++)); do
    word=${words[index]}
    __azenv_complete_kind
    if [[ -n $pending ]]; then
      [[ $index -lt $last ]] || \builtin return 0
      pending=''
    elif [[ -z $over && $word == -- && $index -lt $last ]]; then
      over=1
    elif [[ $kind == *@command* && ( -n $over || $given -gt 0 || $word != -* ) ]]; then
      \builtin return 0
    elif [[ $index -eq $last ]]; then
      kind=${kind//@command/}
      \builtin return 0
    elif [[ -z $over && $word == -?* ]]; then
      __azenv_complete_value "$word"
      if [[ $value == @skip ]]; then ((place += 1)); elif [[ $word != --*=* ]]; then pending=$value; fi
    elif [[ ${#verbs[@]} -ne 0 ]]; then
      path+=${path:+ }$word
      __azenv_rules "$path" || \builtin return 1
    else
      ((place += 1, given += 1))
    fi
  done
}

# Sets offers to all that may stand in place of the word $1, and files.
__azenv_complete_offers() {
  \builtin local row IFS=,
  if [[ -n $pending ]]; then
    __azenv_complete_offer "$pending" '' "$1"
  elif [[ -z $over && $1 == --*=* ]]; then
    __azenv_complete_value "$1"
    __azenv_complete_offer "$value" "${1%%=*}=" "${1#*=}"
  elif [[ -z $over && $1 == -* ]]; then
    for row in ${switches[@]+"${switches[@]}"}; do
      # shellcheck disable=SC2206  # cut at commas
      offers+=(${row%%|*})
    done
    if [[ " $kind " == *' - '* ]]; then offers+=(-); fi
  elif [[ ${#verbs[@]} -ne 0 ]]; then
    offers=("${verbs[@]%%|*}")
  else
    __azenv_complete_offer "$kind" '' "$1"
  fi
}

# What readline calls: the command, the word under the cursor as it replaces it.
__azenv_complete() {
  \builtin local IFS=$' \t\n' line words starts quote kept redirected offers matches files=''
  \builtin local verbs switches operands value path='' pending='' over='' index kind
  COMPREPLY=() offers=() matches=()
  # before 4.3 the position counts bytes
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 403)); then \builtin local LC_ALL=C; fi
  line=${COMP_LINE:0:COMP_POINT}
  __azenv_complete_split "$line" "$2"
  if [[ -n $redirected ]]; then
    __azenv_complete_by default
    \builtin return 0
  fi
  __azenv_complete_walk || \builtin return 0
  if [[ -z $pending && $kind == *@command* ]]; then
    __azenv_complete_command "$index"
    \builtin return 0
  fi
  line=${words[index]}
  __azenv_complete_offers "$line"
  __azenv_complete_filter "$line"
  if [[ -n $files && ${#matches[@]} -eq 0 ]]; then __azenv_complete_by "$files"; fi
  # the names are sorted; sorting ten thousand again costs more than all the rest
  if [[ ${#matches[@]} -gt 100 ]]; then __azenv_complete_by nosort; fi
  __azenv_complete_reply
}

if [[ ${BASH_VERSINFO[0]} -ge 4 ]]; then
  \builtin complete -F __azenv_complete azenv
else
  \builtin complete -o default -F __azenv_complete azenv
fi
