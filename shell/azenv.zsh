# azenv for zsh 5.8 and newer. `azenv init zsh` prints a prologue of assignments and then this file.
#
# At a prompt nothing here starts a process, makes a temporary file or evaluates data: a pin, a
# record and a mail are compared and cut, never run. `\builtin` throughout, because users alias
# and redefine builtins; `emulate -L zsh` wherever zsh enters, because they set options. In what
# runs at a quiet prompt there is `if` where `&&` would do: zsh masks signals for each pipeline.

# --- state ----------------------------------------------------------------------------------
# Nothing of this is exported: a child shell that believed it were up to date would be wrong
# (direnv #614). What a child needs in order to leave is in __AZENV_UNDO.

# An array is never exported, not even by `setopt allexport`: a child cannot inherit this mark.
if [[ "${__azenv_loaded-}" != "$__azenv_layout" ]]; then
  __azenv_us=$'\037'         # what separates the fields of a record
  __azenv_root=''            # the runtime directory, once found
  __azenv_root_asked=''      # the program was asked for a root and had none
  __azenv_generation=''      # the file whose name says how new the records are
  __azenv_decided=''         # what the last decision was made of; '' = decide again
  __azenv_stuck=''           # the overlay in force cannot be made fresh: do not ask at each prompt
  __azenv_denied=''          # pins that count as absent, with their content
  __azenv_unanswered=''      # pins for which the program had no answer: a refusal is remembered
  __azenv_ignored=''         # unusable pins of other users that were told
  __azenv_masked=''          # the pin here, while a choice is in force
  __azenv_told_undo=$'\001'  # the inherited undo that could not be reversed
  __azenv_told_gone=''       # it was told that the program is gone
  __azenv_has_files=''       # this shell made files in the runtime directory
  __azenv_shown=''           # what __azenv_show made

  __azenv_walked=$'\001'     # the $PWD of the candidates
  __azenv_candidates=()      # where a pin may lie, nearest first
  __azenv_watch=(-z x)       # one `test` that is true while nothing changed; false for now
  __azenv_watch_pwd='' __azenv_watch_choice='' __azenv_watch_clock=''
  __azenv_watch_pin='' __azenv_watch_content=''

  __azenv_hooked=''          # the hook runs at prompts
  __azenv_ordered=''         # it was seen to that direnv and mise find what they left
  __azenv_stepped_aside=''   # the context was left before direnv and mise ran
  __azenv_in_pin=''          # the pin that is in force
  __azenv_active=''          # a context is in force through us
  __azenv_overlay=''         # its AZURE_CONFIG_DIR
  __azenv_id=''              # its id
  __azenv_kinds=''           # its kinds as its record has them
  __azenv_said=''            # what was told of it
  __azenv_marked=''          # what __azenv_mark has said
  __azenv_applied=''         # the same, with every `?` decided
  __azenv_text=''            # its values by position, joined
  __azenv_half=''            # the same of the context before, while a switch is under way
  __azenv_seen=$'\001' __azenv_seen_extra=''  # the variables just after it was applied
  __azenv_now='' __azenv_now_extra='' __azenv_now_set=''
  __azenv_plain=''           # they held nothing but our values then
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=()   # what was before: position, x|s, value
  __azenv_old_text=''        # the part of it that may be exported
  __azenv_dropped=()         # names that it unset
  __azenv_clear=()           # names that are simply unset on leaving
  __azenv_shape='' __azenv_shape_set=() __azenv_shape_rest=()  # see __azenv_reshape
  __azenv_fields=()          # what __azenv_split made

  __azenv_clock=''           # our private clock file, for `-nt`

  # What one run works with.
  __azenv_pin='' __azenv_content='' __azenv_unusable='' __azenv_alone=''
  __azenv_origin='' __azenv_reason='' __azenv_key='' __azenv_root_state='' __azenv_verdict='' __azenv_argument=''
  __azenv_new=() __azenv_new_id='' __azenv_new_kinds='' __azenv_label='' __azenv_inherited='' __azenv_at=''
  __azenv_changing=() __azenv_moved='' __azenv_new_stuck='' __azenv_cd=''
  __azenv_loaded=("$__azenv_layout")
fi

# --- messages -------------------------------------------------------------------------------

# Characters that may reach the terminal from a path; the rest (escapes, bidi overrides) becomes `?`.
__azenv_unsafe='[^][:alnum:] !"#$%&'\''()*+,./:;<=>?@\\^_`{|}~[-]'

__azenv_error() {
  if [[ -n ${WIDGET-} ]]; then \builtin zle -I; fi  # a widget that changes directory: below its line
  \builtin print -ru2 -- "azenv: $1"
}

# A line about a change: silent in a subshell and where the user wants quiet.
__azenv_tell() {
  if [[ -z ${AZENV_QUIET-} && $ZSH_SUBSHELL == 0 ]]; then __azenv_error "$1"; fi
}

# Sets __azenv_shown to $1 as it may be printed.
__azenv_show() {
  __azenv_shown=$1
  if [[ -n ${HOME-} && $1 == "$HOME"/* ]]; then __azenv_shown="~${1#"$HOME"}"; fi
  __azenv_shown=${__azenv_shown//${~__azenv_unsafe}/?}
}

# --- the program ----------------------------------------------------------------------------

__azenv_have_program() {
  if [[ -x $__azenv_python && -f $__azenv_launcher ]]; then \builtin return 0; fi
  if [[ -z $__azenv_told_gone || $# -ne 0 ]]; then
    __azenv_told_gone=1
    __azenv_error "its program is gone ($__azenv_launcher);\
 reinstall azenv or remove the hook: azenv init zsh --remove"
  fi
  \builtin return 1
}

# Runs `azenv hook ARGS`: by absolute paths and isolated, so that neither PATH nor a json.py in
# the current directory is ever looked at; without the terminal's input, which is the user's.
__azenv_program() {
  __azenv_have_program || \builtin return 1
  if [[ $ZSH_SUBSHELL == 0 ]]; then
    "$__azenv_python" -I "$__azenv_launcher" hook "$@" </dev/null
  else
    "$__azenv_python" -I "$__azenv_launcher" hook "$@" </dev/null 2>/dev/null
  fi
}

__azenv_usable() { [[ -d $1 && -O $1 && ! -L $1 ]]; }

# Makes __azenv_root a directory that is ours, or fails. The program is asked once.
__azenv_need_root() {
  \builtin local candidate
  if [[ -n $__azenv_root ]]; then
    if __azenv_usable "$__azenv_root"; then \builtin return 0; fi
  else
    __azenv_find_root
    if [[ -n $__azenv_root ]]; then \builtin return 0; fi
  fi
  if [[ -n $__azenv_root_asked ]]; then \builtin return 1; fi
  candidate=$(__azenv_program root zsh) || candidate=''
  if [[ $candidate == /* ]] && __azenv_usable "$candidate"; then __azenv_use_root "$candidate"; \builtin return 0; fi
  __azenv_root_asked=1
  \builtin return 1
}

__azenv_find_root() {
  \builtin local candidate
  # An explicit list is there under AZENV_HOME only.
  if [[ ${#__azenv_roots} -eq 0 ]]; then
    \builtin set -- "/run/user/$UID/azenv" "/dev/shm/azenv-$UID" "$__azenv_store/run"
    if [[ ${XDG_RUNTIME_DIR-} == /* ]]; then \builtin set -- "$XDG_RUNTIME_DIR/azenv" "$@"; fi
  else
    \builtin set -- "${__azenv_roots[@]}"
  fi
  for candidate in "$@"; do
    if __azenv_usable "$candidate"; then __azenv_use_root "$candidate"; \builtin return 0; fi
  done
}

__azenv_use_root() { __azenv_root=$1 __azenv_root_asked='' __azenv_clock=$1/clock.$$ __azenv_decided=''; }

# --- records --------------------------------------------------------------------------------

# Cuts $1 at \037 into __azenv_fields.
__azenv_split() { __azenv_fields=("${(@ps:\x1f:)1}"); }

# The record of the pin $1 with the content $2: sets verdict and argument, or fails.
__azenv_lookup() {
  \builtin local text=''
  \builtin local -a head
  __azenv_verdict='' __azenv_argument=''
  if [[ ! -f $__azenv_state/pins$1 ]]; then \builtin return 1; fi
  \builtin sysread -s 65536 text <"$__azenv_state/pins$1" || \builtin return 1
  head=("${(@0)text}")
  [[ ${#head} -ge 2 && $head[2] == "$2" ]] || \builtin return 1
  head=("${(@ps:\x1f:)head[1]}")
  [[ ${#head} -eq 3 && $head[3] == . ]] || \builtin return 1
  __azenv_verdict=$head[1] __azenv_argument=$head[2]
}

# The context $1: sets new_id, label, new_kinds and new (its values by position), or fails. The
# first two values are composed here: a forged record must not choose the directory from which az
# imports code.
__azenv_load() {
  \builtin local text='' record="$__azenv_state/contexts/$1"
  [[ -n $1 && $1 != *[!0-9a-z-]* ]] || \builtin return 1
  if [[ -n ${AZENV_SESSION+1} ]]; then __azenv_find_own "$1"; fi
  [[ -f $record ]] || \builtin return 1
  \builtin sysread -s 65536 text <"$record" || \builtin return 1
  __azenv_new=("${(@ps:\x1f:)text}")
  [[ ${#__azenv_new} -eq $((__azenv_ne + 2)) && $__azenv_new[1] == "$1" && $__azenv_new[-1] == . ]] || \builtin return 1
  __azenv_new_kinds=$__azenv_new[3]
  [[ $__azenv_new_kinds == "$__azenv_kinds" ]] || __azenv_kinds_valid "$__azenv_new_kinds" || \builtin return 1
  __azenv_new_id=$1 __azenv_label=$__azenv_new[2]
  __azenv_new[-1]=() __azenv_new[1]=()
  __azenv_new[1]=$__azenv_root/az/$1/.azure __azenv_new[2]=$__azenv_origin
}

# What this session has kept to itself counts before what is stored; an empty record hides that.
__azenv_find_own() {
  \builtin local sid="${AZENV_SESSION%%.*}"
  [[ -n $sid && $sid != *[!0-9a-f-]* && -f $__azenv_root/session/$sid/contexts/$1 ]] || \builtin return 0
  record=$__azenv_root/session/$sid/contexts/$1
}

__azenv_kinds_valid() {
  [[ ${#1} -eq $__azenv_nn && $1 == '=='* && $1 != *[!=?.-]* && ${1:$__azenv_ne} != *[!.-]* ]]
}

# The built-in context of which nothing can be reached; $1 says why.
__azenv_load_none() {
  __azenv_new_id=none __azenv_label='' __azenv_new_kinds=$__azenv_none
  __azenv_new=("${__azenv_root:-/dev/null}/az/none/.azure" "$__azenv_origin" none)
  while [[ ${#__azenv_new} -lt $__azenv_ne ]]; do __azenv_new+=(''); done
  __azenv_new[__azenv_block]=$1
}

# The overlay $1 is there, and neither its profile nor the base's token cache is newer than its stamp.
__azenv_fresh() {
  [[ -f $1/azureProfile.json && ! $1/azureProfile.json -nt $1/.stamp &&
    ! $__azenv_base/msal_token_cache.json -nt $1/.stamp ]]
}

# --- leaving, entering, switching -----------------------------------------------------------
# Ctrl-C can end a prompt's command between any two statements. So the books are always written
# first, and leaving asks each variable whether it holds a value of ours, the last or the one
# before: the next prompt completes what was interrupted.

# Tells which of the names is read-only; fails where none is. zsh would end the function at an
# assignment to it, half way.
__azenv_tell_read_only() {
  \builtin local name
  for name in "$@"; do
    if [[ ${(tP)name} != *readonly* ]]; then \builtin continue; fi
    __azenv_error "$name is read-only in this shell; nothing was changed"
    \builtin return 0
  done
  \builtin return 1
}

# Works out, once for each string of kinds, which names are set and which of them by number.
__azenv_reshape() {
  \builtin local index usual=''
  __azenv_shape=$1 __azenv_shape_set=() __azenv_shape_rest=()
  if [[ $1 == "$__azenv_usual"* ]]; then usual=1; fi
  for ((index = 1; index <= __azenv_ne; index++)); do
    if [[ ${1[index]} != '=' ]]; then \builtin continue; fi
    __azenv_shape_set+=("$__azenv_names[index]")
    if [[ -z $usual || $index -gt $__azenv_nu ]]; then __azenv_shape_rest+=("$index"); fi
  done
}

# Takes over what a parent shell left in __AZENV_UNDO; fails where it is of another layout, and
# drops it where it is garbled.
__azenv_adopt() {
  \builtin local index count
  \builtin local -a fields
  __azenv_split "$__AZENV_UNDO"
  fields=("${__azenv_fields[@]}")
  [[ ${fields[1]-} == "$__azenv_layout" ]] || \builtin return 1
  # A separator ends the last field as well.
  if [[ -z $fields[-1] ]]; then fields[-1]=(); fi
  count=${#fields}
  if [[ $count -lt $((__azenv_ne + 3)) || $(((count - __azenv_ne - 3) % 2)) -ne 0 || $fields[3] == *\?* ]] ||
    ! __azenv_kinds_valid "$fields[3]"; then
    \builtin unset -v __AZENV_UNDO
    \builtin return 0
  fi
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=()
  for ((index = __azenv_ne + 4; index < count; index += 2)); do
    if [[ $fields[index] != [1-9] && $fields[index] != [1-9][0-9] || $fields[index] -gt $__azenv_nn ]]; then
      \builtin unset -v __AZENV_UNDO
      \builtin return 0
    fi
    __azenv_old_at+=("$fields[index]") __azenv_old_kind+=(x) __azenv_old+=("$fields[index+1]")
  done
  __azenv_id=$fields[2] __azenv_kinds='' __azenv_applied=$fields[3]
  __azenv_text="${(pj:\x1f:)fields[4,__azenv_ne+3]}"
  __azenv_seen=$'\001' __azenv_half='' __azenv_active=1 __azenv_dropped=()
}

# Sets inherited where the parent shell put these very values in force, and told it.
__azenv_compare_inherited() {
  \builtin local -a values
  __azenv_split "$__azenv_text"
  values=("${__azenv_new[@]}")
  values[__azenv_soft]="$__azenv_fields[__azenv_soft]"
  if [[ "${(pj:\x1f:)values}" == "$__azenv_text" ]]; then __azenv_inherited=1; fi
}

# An undo of another layout: the program reverses it by name, once. All of it is applied or nothing.
__azenv_reverse() {
  \builtin local index answer name
  [[ $__azenv_told_undo != "$__AZENV_UNDO" ]] || \builtin return 1
  __azenv_told_undo=$__AZENV_UNDO
  answer=$(__azenv_program undo "$__azenv_root") || answer=''
  [[ $answer == *"$__azenv_us." || $answer == . ]] || \builtin return 1
  __azenv_split "$answer"
  for ((index = 1; index + 2 <= ${#__azenv_fields}; index += 3)); do
    name=$__azenv_fields[index]
    # Never PATH and its like, whatever was inherited.
    case $name in
      (*[!A-Z0-9_]*) \builtin return 1 ;;
      (AZ*|ARM_*|ANSIBLE_*|AAD_*|KUBE*|MSI_*|IDENTITY_*) ;;
      (*) \builtin return 1 ;;
    esac
    if [[ ${(tP)name} == *readonly* ]]; then
      __azenv_error "$name is read-only in this shell; nothing was changed"
      \builtin return 1
    fi
  done
  for ((index = 1; index + 2 <= ${#__azenv_fields}; index += 3)); do
    if [[ $__azenv_fields[index+1] == x ]]; then
      \builtin export "$__azenv_fields[index]=$__azenv_fields[index+2]"
    else
      \builtin unset -v "$__azenv_fields[index]"
    fi
  done
  \builtin unset -v __AZENV_UNDO
}

# Puts back the old value number $1.
__azenv_restore() {
  \builtin local name="$__azenv_names[$__azenv_old_at[$1]]"
  if [[ $__azenv_old_kind[$1] == x ]]; then
    \builtin export "$name=$__azenv_old[$1]"
  else
    \builtin typeset -g +x "$name=$__azenv_old[$1]"
  fi
}

# Takes our values back; snapshot first. Old values go before unsets, so that a name whose old
# value is still owed never looks like one that the user unset.
__azenv_leave() {
  \builtin local number
  if [[ -z $__azenv_half && $__azenv_now == "$__azenv_seen" && $__azenv_now_extra == "$__azenv_seen_extra" ]]; then
    for ((number = 1; number <= ${#__azenv_old_at}; number++)); do __azenv_restore $number; done
    if [[ ${#__azenv_clear} -ne 0 ]]; then \builtin unset -v "${__azenv_clear[@]}"; fi
  else
    __azenv_leave_touched
  fi
  __azenv_active='' __azenv_id='' __azenv_half='' __azenv_text='' __azenv_kinds='' __azenv_applied=''
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=() __azenv_dropped=() __azenv_overlay=''
  \builtin unset -v __AZENV_UNDO
}

# The same, where somebody touched them: only a value that is still ours goes, what the user set
# meanwhile stays.
__azenv_leave_touched() {
  \builtin local index name
  \builtin local -a values before old_of
  if [[ -n $__azenv_half ]]; then __azenv_split "$__azenv_half"; before=("${__azenv_fields[@]}"); fi
  __azenv_split "$__azenv_text"
  values=("${__azenv_fields[@]}")
  for ((index = 1; index <= ${#__azenv_old_at}; index++)); do old_of[__azenv_old_at[index]]=$index; done
  for ((index = 1; index <= __azenv_nn; index++)); do
    name=$__azenv_names[index]
    case $__azenv_applied[index] in
      (=)
        if (( ! ${(P)+name} )); then \builtin continue; fi
        [[ ${(P)name} == "${values[index]-}" || -n $__azenv_half && ${(P)name} == "${before[index]-}" ]] ||
          \builtin continue
        if [[ -z ${old_of[index]-} ]]; then \builtin unset -v "$name"; \builtin continue; fi ;;
      (-) if (( ${(P)+name} )); then \builtin continue; fi ;;
      (*) \builtin continue ;;
    esac
    if [[ -n ${old_of[index]-} ]]; then __azenv_restore "$old_of[index]"; fi
  done
}

# Which names will change between what is in force and the kinds $1 ('' = nothing): sets changing.
# A read-only name is an obstacle only there.
__azenv_find_changing() {
  \builtin local index
  __azenv_changing=(__AZENV_UNDO)
  if [[ -n $__azenv_active ]]; then
    if [[ $__azenv_shape != "$__azenv_applied" ]]; then __azenv_reshape "$__azenv_applied"; fi
    __azenv_changing+=("${__azenv_shape_set[@]}" "${__azenv_dropped[@]}")
    for index in $__azenv_old_at; do __azenv_changing+=("$__azenv_names[index]"); done
  fi
  if [[ -z $1 ]]; then \builtin return 0; fi
  if [[ $__azenv_shape != "${1//\?/=}" ]]; then __azenv_reshape "${1//\?/=}"; fi
  __azenv_changing+=("${__azenv_shape_set[@]}")
  __azenv_which
  for index in ${(s: :)${:-$__azenv_now_set$__azenv_now_extra}}; do
    if [[ ${1[index]} == - ]]; then __azenv_changing+=("$__azenv_names[index]"); fi
  done
}

# Writes the books for the new context: what the user has of the names that it changes.
__azenv_plan() {
  \builtin local index name kept=' '
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=() __azenv_old_text='' __azenv_dropped=()
  __azenv_applied=${__azenv_new_kinds//\?/=}
  __azenv_which
  for index in ${(s: :)${:-$__azenv_now_set$__azenv_now_extra}}; do
    name=$__azenv_names[index]
    case $__azenv_new_kinds[index] in
      (.) \builtin continue ;;
      (\?) # the user has his own: it stays
        __azenv_applied[index]=. __azenv_new[index]=''
        \builtin continue ;;
      (-) __azenv_dropped+=("$name") ;;
    esac
    kept+="$name "
    __azenv_old_at+=("$index") __azenv_old+=("${(P)name}")
    if [[ ${(tP)name} == *export* ]]; then
      __azenv_old_kind+=(x)
      # A secret, or what cannot be framed, stays in this shell: a child finds such a name unset.
      if [[ $__azenv_sec[index] != '*' && ${(P)name} != *"$__azenv_us"* ]]; then
        __azenv_old_text+="$index$__azenv_us${(P)name}$__azenv_us"
      fi
    else
      __azenv_old_kind+=(s)
    fi
  done
  if [[ $__azenv_shape != "$__azenv_applied" ]]; then __azenv_reshape "$__azenv_applied"; fi
  if [[ $kept == ' ' ]]; then
    __azenv_clear=("${__azenv_shape_set[@]}")
  else
    __azenv_clear=()
    for name in "${__azenv_shape_set[@]}"; do
      if [[ $kept != *" $name "* ]]; then __azenv_clear+=("$name"); fi
    done
  fi
}

# Puts the new context in the place of the one in force; with an argument, nothing.
__azenv_switch() {
  __azenv_moved=''
  if [[ -z $__azenv_active && -n ${__AZENV_UNDO+1} ]]; then
    __azenv_adopt || __azenv_reverse || \builtin return 1
    if [[ -n $__azenv_active && $# -eq 0 ]]; then __azenv_compare_inherited; fi
  fi
  __azenv_snap
  if [[ $# -eq 0 && -n $__azenv_active && $__azenv_new_kinds == "$__azenv_kinds" && -z $__azenv_half &&
    $__azenv_now == "$__azenv_seen" && $__azenv_now_extra == "$__azenv_seen_extra" ]]; then
    # A context of the same shape, and nobody touched anything: only values move.
    if [[ $__azenv_applied[__azenv_soft] == . ]]; then __azenv_new[__azenv_soft]=''; fi
    __azenv_moved=1
  fi
  if ! __azenv_ro; then
    if [[ $# -eq 0 ]]; then __azenv_find_changing "$__azenv_new_kinds"; else __azenv_find_changing ''; fi
    if __azenv_tell_read_only "${__azenv_changing[@]}"; then \builtin return 1; fi
  fi
  if [[ -z $__azenv_moved ]]; then
    if [[ -n $__azenv_active ]]; then __azenv_leave; __azenv_snap; fi
    if [[ $# -ne 0 ]]; then \builtin return 0; fi
    __azenv_plan
  else
    if [[ $__azenv_shape != "$__azenv_applied" ]]; then __azenv_reshape "$__azenv_applied"; fi
    __azenv_half=$__azenv_text
  fi

  __azenv_text="${(pj:\x1f:)__azenv_new}"
  __azenv_id=$__azenv_new_id __azenv_kinds=$__azenv_new_kinds __azenv_seen=$'\001' __azenv_active=1
  \builtin export __AZENV_UNDO="$__azenv_layout$__azenv_us$__azenv_new_id$__azenv_us$__azenv_applied$__azenv_us\
$__azenv_text$__azenv_us$__azenv_old_text"
  if [[ -z $__azenv_moved && ${#__azenv_dropped} -ne 0 ]]; then \builtin unset -v "${__azenv_dropped[@]}"; fi
  if [[ $__azenv_applied == "$__azenv_usual"* ]]; then __azenv_put; fi
  for __azenv_at in $__azenv_shape_rest; do
    \builtin export "$__azenv_names[__azenv_at]=$__azenv_new[__azenv_at]"
  done

  if [[ -n $__azenv_moved && -n $__azenv_plain ]]; then
    __azenv_seen=$__azenv_text  # nothing was set beside our values: no second look
  else
    __azenv_snap
    __azenv_seen=$__azenv_now __azenv_seen_extra=$__azenv_now_extra __azenv_plain=''
    if [[ $__azenv_seen == "$__azenv_text" ]]; then __azenv_plain=1; fi
  fi
  __azenv_half=''
}

# --- deciding -------------------------------------------------------------------------------

# Has the program freshen the overlay $1 of the context $2; sets new_stuck where that fails.
__azenv_freshen() {
  __azenv_program overlay "$__azenv_root" "$2" zsh >&2
  if ! __azenv_fresh "$1"; then __azenv_new_stuck=1; fi
}

# No record answers for the pin $1 with the content $2: the program is asked, once. Sets verdict and
# argument; verdict '' where nobody knows.
__azenv_ask() {
  __azenv_verdict=blocked
  if __azenv_too_long "$2" || [[ $2 == *$'\0'* ]]; then
    __azenv_argument='longer than 4096 bytes, or holds NUL'
    \builtin return 0
  fi
  if [[ $2 == $'\357\273\277'* ]]; then __azenv_argument='begins with a byte order mark'; \builtin return 0; fi
  __azenv_verdict=''
  if [[ $__azenv_unanswered == *"$__azenv_us$1$__azenv_us$2$__azenv_us"* ]]; then \builtin return 0; fi
  if [[ $__azenv_root_state == foreign ]]; then \builtin return 0; fi
  __azenv_program pin "$__azenv_root" "$1" zsh >&2
  if [[ ! -e $__azenv_generation ]]; then __azenv_find_generation; fi
  __azenv_lookup "$1" "$2" || __azenv_unanswered+="$__azenv_us$1$__azenv_us$2$__azenv_us"
}

__azenv_too_long() { \builtin setopt local_options no_multibyte; [[ ${#1} -gt 4096 ]]; }

# Activates what origin, new_id and reason ask for; told as coming from $1.
__azenv_activate() {
  __azenv_inherited='' __azenv_new_stuck=1 __azenv_same=''
  if [[ $__azenv_root_state == foreign ]]; then
    __azenv_reason='the runtime directory is not yours'
    __azenv_load_none "$__azenv_reason"
    __azenv_new[1]=/dev/null/azenv  # nothing can ever be created there
  else
    if [[ $__azenv_new_id == none ]]; then
      __azenv_load_none "$__azenv_reason"
    elif ! __azenv_load "$__azenv_new_id"; then
      __azenv_reason='the context is gone'
      __azenv_load_none "$__azenv_reason"
    fi
    __azenv_new_stuck=''
    if ! __azenv_fresh "$__azenv_new[1]"; then __azenv_freshen "$__azenv_new[1]" "$__azenv_new_id"; fi
  fi
  if [[ $__azenv_new_id == "$__azenv_id" ]] && __azenv_is_in_force; then
    __azenv_inherited=''
    if [[ $__azenv_new_id,$__azenv_reason,$1 == "$__azenv_said" ]]; then __azenv_same=1; fi
  else
    __azenv_switch || \builtin return 0
  fi
  __azenv_overlay=$__azenv_new[1] __azenv_stuck=$__azenv_new_stuck
  __azenv_said=$__azenv_new_id,$__azenv_reason,$1 __azenv_in_pin=$__azenv_pin
  __azenv_mark "$__azenv_new_id"
  if [[ -n $__azenv_same ]]; then \builtin return 0; fi
  if [[ $__azenv_new_id == none ]]; then
    __azenv_show "$__azenv_reason"
    if [[ $ZSH_SUBSHELL == 0 ]]; then __azenv_error "blocked: $__azenv_shown  ($1)"; fi
  elif [[ -z $__azenv_inherited ]]; then
    __azenv_tell "$__azenv_label  ($1)"
  fi
}

# A change elsewhere, and the answer here is the same: what the user made of the variables stays.
__azenv_is_in_force() {
  [[ -n $__azenv_active && -z $__azenv_half && $__azenv_new_kinds == "$__azenv_kinds" ]] || \builtin return 1
  __azenv_compare_inherited
  [[ -n $__azenv_inherited ]]
}

__azenv_deactivate() {
  \builtin local line='no context (left the pinned directory)'
  if [[ -n $__azenv_stepped_aside ]]; then __azenv_tell "$line"; fi
  if [[ ${AZENV_SOURCE-} == choice ]]; then line='no context (choice dropped)'; fi
  if [[ -n $__azenv_active || -n ${__AZENV_UNDO+1} ]]; then
    if __azenv_switch leave; then
      __azenv_mark ''
      __azenv_tell "$line"
    fi
  fi
}

# Says which context is active here, to whoever must know that no session needs it any more.
__azenv_mark() {
  if [[ $ZSH_SUBSHELL != 0 || $1 == "$__azenv_marked" || -z $__azenv_root || ! -d $__azenv_root/active ]]; then
    \builtin return 0
  fi
  __azenv_marked=$1
  # in place: to cut a file first takes ten times as long on some disks
  { \builtin printf %-32s "$1" 1<>"$__azenv_root/active/$$"; } 2>/dev/null || :
}

# A choice masks the pin: told on entering its directory, where it would select something else.
__azenv_mask() {
  if [[ $__azenv_pin == "$__azenv_masked" ]]; then \builtin return 0; fi
  __azenv_masked=$__azenv_pin
  if [[ -z $__azenv_pin || -z $1 || -z ${AZENV_CONTEXT-} ]]; then \builtin return 0; fi
  if __azenv_lookup "$__azenv_pin" "$__azenv_content" &&
    [[ $__azenv_verdict == denied || $__azenv_argument == "${AZENV_CONTEXT_ID-}" ]]; then
    \builtin return 0
  fi
  __azenv_show "$__azenv_pin"
  __azenv_tell "this directory is pinned ($__azenv_shown), but\
 your choice $AZENV_CONTEXT is in force; azenv use --follow"
}

# --- walking and reading --------------------------------------------------------------------

# The places of a pin above the logical $PWD, nearest first. Done only when $PWD changes.
__azenv_walk() {
  \builtin local dir="${PWD-}"
  __azenv_walked=$'\001' __azenv_candidates=()
  if [[ $dir == /* ]]; then
    if [[ $dir == / ]]; then dir=''; fi
    while [[ -n $dir ]]; do __azenv_candidates+=("$dir/.azenv.toml"); dir=${dir%/*}; done
    __azenv_candidates+=(/.azenv.toml)
  fi
  __azenv_walked=${PWD-}  # last: Ctrl-C may come in between
}

# The nearest pin that counts: sets pin, content, unusable (why), and alone ('' where the next
# prompt must look at more than this one file).
__azenv_find_pin() {
  __azenv_pin='' __azenv_content='' __azenv_unusable='' __azenv_alone=1
  for __azenv_pin in "${__azenv_candidates[@]}"; do
    if [[ ! -e $__azenv_pin ]]; then \builtin continue; fi
    __azenv_content='' __azenv_unusable=''
    if [[ ! -f $__azenv_pin || ! -r $__azenv_pin || -L $__azenv_pin ]]; then
      __azenv_unusable='not a plain readable file'
    # One read, of at most 4,097 bytes; it fails for an empty file. What is too long, or holds NUL,
    # has no record: __azenv_ask says why.
    elif ! \builtin sysread -s 4097 __azenv_content <"$__azenv_pin"; then
      __azenv_content=''
    fi
    if [[ -n $__azenv_unusable ]]; then
      __azenv_alone=''
      # Else one file in /tmp would block everybody.
      if [[ ! -O $__azenv_pin || -L $__azenv_pin && ! -O ${__azenv_pin%/*}/ ]]; then
        __azenv_ignore "$__azenv_pin"
        \builtin continue
      fi
    elif [[ -n $__azenv_denied &&
      $__azenv_denied == *"$__azenv_us$__azenv_pin$__azenv_us$__azenv_content$__azenv_us"* ]]; then
      __azenv_alone=''
      \builtin continue
    fi
    \builtin return 0
  done
  __azenv_pin='' __azenv_content='' __azenv_unusable=''
}

__azenv_ignore() {
  if [[ $__azenv_ignored == *"$__azenv_us$1$__azenv_us"* ]]; then \builtin return 0; fi
  __azenv_ignored+="$__azenv_us$1$__azenv_us"
  __azenv_show "$1"
  __azenv_tell "ignored: $__azenv_unusable, and another user's  (pin $__azenv_shown)"
}

# The token is the name of the one file there: unchanged costs one look, a new one a glob.
__azenv_find_generation() {
  \builtin local -a found
  \builtin setopt local_options null_glob  # sh_glob, where it is on, cannot read the qualifier (N)
  found=("$__azenv_state"/generation/*)
  if [[ ${found[1]-} != "$__azenv_generation" ]]; then
    __azenv_generation=${found[1]-} __azenv_decided='' __azenv_denied='' __azenv_unanswered='' __azenv_root_asked=''
  fi
}

# --- the hook -------------------------------------------------------------------------------

# The time box of a choice is over: the deadline's mtime has passed, or there is none. A clock
# that is touched by writing to it needs no process. Called with a root that is ours.
__azenv_time_is_up() {
  [[ $__AZENV_UNTIL != */* && $__AZENV_UNTIL != .* ]] || \builtin return 0
  __azenv_clock=$__azenv_root/clock.$$
  __azenv_touch_clock || \builtin return 0
  [[ $__azenv_clock -nt $__azenv_root/until/$__AZENV_UNTIL || ! -e $__azenv_root/until/$__AZENV_UNTIL ]]
}
__azenv_touch_clock() {
  [[ -O $__azenv_root && ! -L $__azenv_root ]] || \builtin return 1
  __azenv_has_files=1
  { \builtin print -n . >|"$__azenv_clock"; } 2>/dev/null
}

# Finds out what should be in force here, and puts it in force.
__azenv_refresh() {
  __azenv_origin='' __azenv_new_id='' __azenv_reason='' __azenv_root_state='' __azenv_cd=''
  __azenv_watch=(-z x)
  if [[ ${PWD-} != "$__azenv_walked" ]]; then __azenv_cd=1; __azenv_walk; fi
  if [[ ! -e $__azenv_generation ]]; then __azenv_find_generation; fi
  __azenv_find_pin

  if [[ -n ${__AZENV_CHOICE-}$__azenv_pin ]]; then
    __azenv_root_state=foreign
    if [[ -d $__azenv_root && -O $__azenv_root && ! -L $__azenv_root ]]; then __azenv_root_state=$__azenv_root
    elif __azenv_need_root; then __azenv_root_state=$__azenv_root; fi
  fi
  if [[ -n ${__AZENV_CHOICE-} ]]; then
    __azenv_origin=choice __azenv_new_id=$__AZENV_CHOICE __azenv_reason=chosen
    if [[ -n ${__AZENV_UNTIL-} && $__azenv_root_state != foreign ]] && __azenv_time_is_up; then
      __azenv_new_id=none __azenv_reason='the time is up'
    fi
    __azenv_key=$__azenv_origin$__azenv_us$__azenv_new_id$__azenv_us$__azenv_reason
  else
    __azenv_key=$__azenv_pin$__azenv_us$__azenv_content$__azenv_us$__azenv_unusable
  fi

  if [[ $__azenv_key$__azenv_us$__azenv_root_state != "$__azenv_decided" ]]; then
    __azenv_decided=''  # what is interrupted is done again
    if [[ -z $__azenv_origin && -n $__azenv_pin && -z $__azenv_unusable ]]; then
      while
        if ! __azenv_lookup "$__azenv_pin" "$__azenv_content"; then __azenv_ask "$__azenv_pin" "$__azenv_content"; fi
        [[ $__azenv_verdict == denied ]]
      do
        __azenv_denied+=$__azenv_us$__azenv_pin$__azenv_us$__azenv_content$__azenv_us
        __azenv_find_pin
        __azenv_key=$__azenv_pin$__azenv_us$__azenv_content$__azenv_us$__azenv_unusable
        if [[ -z $__azenv_pin || -n $__azenv_unusable ]]; then \builtin break; fi
      done
    fi
    if [[ -n $__azenv_origin ]]; then
      __azenv_activate chosen
    elif [[ -z $__azenv_pin ]]; then
      __azenv_deactivate
    else
      __azenv_origin=pin __azenv_new_id=none
      if [[ -n $__azenv_unusable ]]; then __azenv_reason=$__azenv_unusable
      else
        case $__azenv_verdict in
          (context) __azenv_new_id=$__azenv_argument ;;
          (blocked) __azenv_reason=$__azenv_argument ;;
          (*) __azenv_reason='not trusted; review it, then: azenv allow' ;;
        esac
      fi
      __azenv_show "$__azenv_pin"
      __azenv_activate "pin $__azenv_shown"
    fi
    if [[ -z $__azenv_origin ]]; then __azenv_root_state=''; fi
    __azenv_stepped_aside=''
    __azenv_decided=$__azenv_key$__azenv_us$__azenv_root_state
  else
    if [[ -n $__azenv_overlay && -z $__azenv_stuck ]] && ! __azenv_fresh "$__azenv_overlay"; then
      __azenv_new_stuck=''
      __azenv_freshen "$__azenv_overlay" "$__azenv_id"
      __azenv_stuck=$__azenv_new_stuck
    fi
  fi
  __azenv_arm
  if [[ -n ${__AZENV_CHOICE-} ]]; then __azenv_mask "$__azenv_cd"; else __azenv_masked=''; fi
}

# One `test` for the next prompt, true while nothing changed: expanded once by a builtin, it costs
# less than a loop over the places of a pin.
__azenv_arm() {
  \builtin local candidate
  \builtin local -a watch
  if [[ -z $__azenv_generation ]]; then \builtin return 0; fi
  if [[ -z ${__AZENV_CHOICE-} ]]; then
    if [[ -z $__azenv_alone ]]; then \builtin return 0; fi
    for candidate in "${__azenv_candidates[@]}"; do
      if [[ $candidate == "$__azenv_pin" ]]; then
        watch+=(-f "$candidate" -a -r "$candidate" -a ! -L "$candidate" -a)
        \builtin break
      fi
      watch+=(! -e "$candidate" -a)
    done
  fi
  if [[ -n $__azenv_overlay ]]; then
    watch+=(-O "$__azenv_root" -a ! -L "$__azenv_root" -a)
    if [[ -z $__azenv_stuck ]]; then
      watch+=(-f "$__azenv_overlay/azureProfile.json" -a
        ! "$__azenv_overlay/azureProfile.json" -nt "$__azenv_overlay/.stamp" -a
        ! "$__azenv_base/msal_token_cache.json" -nt "$__azenv_overlay/.stamp" -a)
    fi
  fi
  __azenv_watch_clock=''
  if [[ -n ${__AZENV_CHOICE-} && -n ${__AZENV_UNTIL-} && $__azenv_reason != 'the time is up' ]]; then
    __azenv_watch_clock=$__azenv_clock
    watch+=(! "$__azenv_clock" -nt "$__azenv_root/until/$__AZENV_UNTIL" -a
      -e "$__azenv_root/until/$__AZENV_UNTIL" -a)
  fi
  __azenv_watch_pwd=$__azenv_walked __azenv_watch_choice=${__AZENV_CHOICE-}$__azenv_us${__AZENV_UNTIL-}
  __azenv_watch_pin='' __azenv_watch_content=$__azenv_content
  if [[ -z ${__AZENV_CHOICE-} ]]; then __azenv_watch_pin=$__azenv_pin; fi
  __azenv_watch=("${watch[@]}" -e "$__azenv_generation")
}

# Leaves the pin that is in force, where the new directory has another or none.
__azenv_step_aside() {
  __azenv_walk
  __azenv_find_pin
  if [[ $__azenv_pin == "$__azenv_in_pin" ]]; then \builtin return 0; fi
  __azenv_decided='' __azenv_watch=(-z x)
  if __azenv_switch leave; then __azenv_stepped_aside=1; fi
}

# What runs before direnv and mise.
__azenv_hook_first() {
  \builtin emulate -L zsh +o err_exit +o err_return +o auto_name_dirs
  # direnv and mise put back what was before them, and must find what they left: leave first.
  if [[ -n $__azenv_active && -z ${__AZENV_CHOICE-} && -n ${DIRENV_DIFF-}${__MISE_DIFF-} &&
    ${PWD-} != "$__azenv_walked" ]]; then __azenv_step_aside; fi
  \builtin return 0
}

# What runs at a prompt and on every change of the directory, also in a subshell, where it is
# silent. zsh itself gives the status back afterwards.
__azenv_hook() {
  \builtin emulate -L zsh +o err_exit +o err_return +o auto_name_dirs
  \builtin local REPLY=''
  if [[ -z $__azenv_ordered ]]; then __azenv_ordered=1; __azenv_go_first; fi
  if [[ ${PWD-} != "$__azenv_watch_pwd" ||
    ${__AZENV_CHOICE-}$__azenv_us${__AZENV_UNTIL-} != "$__azenv_watch_choice" ]]; then
    __azenv_refresh
    \builtin return 0
  fi
  if [[ -n $__azenv_watch_clock ]]; then
    if ! __azenv_touch_clock; then __azenv_refresh; \builtin return 0; fi
  fi
  if ! \builtin test "${__azenv_watch[@]}"; then __azenv_refresh; \builtin return 0; fi
  if [[ -n $__azenv_watch_pin ]]; then
    # The content is compared, not its time (direnv #452, mise #4390).
    if ! \builtin sysread -s 4097 REPLY <"$__azenv_watch_pin"; then REPLY=''; fi
    if [[ $REPLY != "$__azenv_watch_content" ]]; then __azenv_refresh; fi
  fi
  \builtin return 0
}

# --- the public function --------------------------------------------------------------------

# Runs the program, which may leave mail for this shell. `function`, because `azenv` may be an alias.
function azenv {
  \builtin emulate -L zsh +o err_exit +o err_return +o auto_name_dirs
  \builtin local rc=0 mail nonce text='' changed='' traced=''
  \builtin local -a fields
  __azenv_have_program always || \builtin return 127
  if [[ -n ${_AZENV_COMPLETE-} ]]; then
    "$__azenv_python" -I "$__azenv_launcher" "$@"
    \builtin return
  fi
  __azenv_root_asked=''
  if __azenv_need_root; then
    mail=$__azenv_root/mail/$$.$RANDOM$RANDOM nonce=$RANDOM$RANDOM$RANDOM$RANDOM
    __azenv_has_files=1
    __AZENV_MAIL=$mail __AZENV_NONCE=$nonce __AZENV_SHELL=zsh \
      "$__azenv_python" -I "$__azenv_launcher" "$@" || rc=$?
    # The key of a session may be in it.
    if [[ -o xtrace ]]; then traced=1; { \builtin unsetopt xtrace; } 2>/dev/null; fi
    if [[ -f $mail && -O $mail && ! -L $mail ]] && \builtin sysread -s 65536 text <"$mail"; then
      \builtin : >|"$mail"  # the program sweeps what is empty: a shell cannot remove a file by itself
      fields=("${(@ps:\x1f:)text}")
      # Mail with another nonce was meant for somebody else.
      if [[ ${#fields} -eq 7 && $fields[1] == "$nonce" && $fields[7] == . ]]; then
        if __azenv_apply_mail "${(@)fields[2,6]}"; then changed=1; fi
      fi
    fi
    fields=() text=''
    if [[ -n $traced ]]; then \builtin setopt xtrace; fi
  else
    "$__azenv_python" -I "$__azenv_launcher" "$@" || rc=$?
  fi
  if [[ -n $changed ]]; then
    # What the user asks for by name is put in force whole, even where it is already.
    __azenv_decided='' __azenv_stuck='' __azenv_kinds=''
    __azenv_refresh
    if [[ $ZSH_SUBSHELL != 0 ]]; then __azenv_error 'this subshell changed; the parent shell is unchanged'; fi
  elif [[ -n $__azenv_hooked && $ZSH_SUBSHELL == 0 ]]; then
    __azenv_refresh  # `azenv allow && az …`
  fi
  \builtin return $rc
}

# Verb, context id, name of the deadline, the choice before, the session; fails where one of them
# cannot be right.
__azenv_apply_mail() {
  [[ $2$4 != *[!0-9a-z-]* && $3 != */* && $3 != .* ]] || \builtin return 1
  [[ ${5%%.*} != *[!0-9a-f-]* && ${5#*.} != *[!0-9A-Za-z_-]* ]] || \builtin return 1
  case $1,$2 in
    (choice,?*)
      \builtin export __AZENV_CHOICE="$2"
      if [[ -n $3 ]]; then \builtin export __AZENV_UNTIL="$3"; else \builtin unset -v __AZENV_UNTIL; fi ;;
    (follow,*) \builtin unset -v __AZENV_CHOICE __AZENV_UNTIL ;;
    (keep,*) ;;
    (*) \builtin return 1 ;;
  esac
  if [[ $1 == keep ]]; then :
  elif [[ -n $4 ]]; then \builtin export __AZENV_PREVIOUS="$4"; else \builtin unset -v __AZENV_PREVIOUS; fi
  if [[ $5 == - ]]; then \builtin unset -v AZENV_SESSION
  elif [[ -n $5 ]]; then \builtin export AZENV_SESSION="$5"; fi
}

# --- optional: az ---------------------------------------------------------------------------
# Not here: zsh calls the hook between `cd prod` and `az` on one line (direnv #514).

# --- installation ---------------------------------------------------------------------------

# Puts our hook into the array named $1, after those of direnv and mise, whose variables we must
# see, where they are there already, else first: before every prompt theme.
__azenv_insert() {
  \builtin local index at=0
  \builtin local -a hooks
  if [[ ${(tP)1} == *readonly* ]]; then \builtin return 0; fi
  hooks=("${(@P)1}")
  if [[ ${hooks[(Ie)__azenv_hook]} -ne 0 ]]; then \builtin return 0; fi
  for ((index = 1; index <= ${#hooks}; index++)); do
    if [[ $hooks[index] == _direnv_hook || $hooks[index] == _mise_hook* ]]; then at=$index; fi
  done
  hooks=("${(@)hooks[1,at]}" __azenv_hook "${(@)hooks[at+1,-1]}")
  \builtin set -A "$1" "${(@)hooks:#}"
}

# Once, at the first prompt, when direnv and mise have put themselves before us.
__azenv_go_first() {
  \builtin local list hook
  for list in precmd_functions chpwd_functions; do
    if [[ ${(tP)list} == *readonly* || ${${(@P)list}[(Ie)__azenv_hook_first]} -ne 0 ]]; then \builtin continue; fi
    for hook in "${(@P)list}"; do
      if [[ $hook == _direnv_hook || $hook == _mise_hook* ]]; then
        \builtin set -A "$list" __azenv_hook_first "${(@P)list}"
        \builtin break
      fi
    done
  done
}

__azenv_install() {
  # Each path above became a name for its directory, which prompts would show (mise #3366).
  if [[ -o auto_name_dirs ]]; then
    \builtin unhash -d -m '__azenv_*'
  fi
  if [[ -o all_export ]]; then \builtin typeset -g +x -m '__azenv_*'; fi
  \builtin emulate -L zsh +o err_exit +o err_return +o auto_name_dirs
  # Without this module a pin cannot be read in one piece, nor limited.
  \builtin zmodload zsh/system 2>/dev/null || \builtin return 0
  if [[ ! -o interactive || -o restricted || -n ${CI-}${TF_BUILD-}${GITHUB_ACTIONS-} ]]; then \builtin return 0; fi
  __azenv_insert precmd_functions
  __azenv_insert chpwd_functions
  __azenv_hooked=1
  if [[ ${zshexit_functions[(Ie)__azenv_at_exit]-0} -eq 0 && ${(t)zshexit_functions} != *readonly* ]]; then
    \builtin typeset -ga zshexit_functions
    zshexit_functions+=(__azenv_at_exit)
  fi
}

# --- end of session -------------------------------------------------------------------------

__azenv_at_exit() {
  \builtin emulate -L zsh +o err_exit +o err_return +o auto_name_dirs
  if [[ -n $__azenv_has_files && -x $__azenv_python && -f $__azenv_launcher ]]; then
    "$__azenv_python" -I "$__azenv_launcher" hook end "$__azenv_root" "$$" </dev/null >/dev/null 2>&1
  fi
  \builtin return 0
}

__azenv_install
