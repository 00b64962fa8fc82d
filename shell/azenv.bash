# shellcheck shell=bash
# shellcheck disable=SC2154  # the prologue that `azenv init bash` prints before this file assigns the table
# shellcheck disable=SC2050  # `a == A` asks for the option nocasematch
# azenv for bash 3.2 to 5.3. `azenv init bash` prints a prologue of assignments and then this file.
#
# At a prompt nothing here starts a process, makes a temporary file or evaluates data: a pin, a
# record and a mail are compared and cut, never run. `\builtin` throughout, because users alias
# and redefine builtins. No `${array[@]}` that may be empty: bash before 4.4 calls it unbound
# under `set -u` (mise #8988).

# --- state ----------------------------------------------------------------------------------
# Nothing of this is exported: a child shell that believed it were up to date would be wrong
# (direnv #614). What a child needs in order to leave is in __AZENV_UNDO.

# An array is never exported, not even by `set -a`: a child shell cannot inherit this mark.
if [[ ${__azenv_loaded[0]-} != "$__azenv_layout" ]]; then
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
  __azenv_told_undo=''       # the inherited undo that could not be reversed
  __azenv_told_gone=''       # it was told that the program is gone
  __azenv_has_files=''       # this shell made files in the runtime directory

  __azenv_walked=$'\001'     # the $PWD of the candidates
  __azenv_candidates=()      # where a pin may lie, nearest first
  __azenv_watch=(-z x)       # one `test` that is true while nothing changed; false for now
  __azenv_watch_pwd='' __azenv_watch_choice='' __azenv_watch_clock=''
  __azenv_watch_pin='' __azenv_watch_content=''

  __azenv_hooked=''          # the hook runs at prompts
  __azenv_active=''          # a context is in force through us
  __azenv_overlay=''         # its AZURE_CONFIG_DIR
  __azenv_kinds=''           # its kinds as its record has them
  __azenv_applied=''         # the same, with every `?` decided
  __azenv_values=()          # its values by position
  __azenv_text=''            # the same, joined
  __azenv_half=''            # the values before, while a switch is under way
  __azenv_seen=$'\001' __azenv_seen_extra=''  # the variables just after it was applied
  __azenv_plain=''           # they held nothing but our values then
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=()   # what was before: position, x|s, value
  __azenv_old_text=''        # the part of it that may be exported
  __azenv_clear=()           # names that are simply unset on leaving
  __azenv_shape='' __azenv_shape_set=() __azenv_shape_rest=()

  __azenv_clock=''           # our private clock file, for `-nt`
  __azenv_loaded=("$__azenv_layout")
fi

# --- messages -------------------------------------------------------------------------------

# Characters that may reach the terminal from a path; the rest (escapes, bidi overrides) becomes `?`.
__azenv_unsafe='[^][:alnum:] !"#$%&'\''()*+,./:;<=>?@\\^_`{|}~[-]'

__azenv_error() { \builtin printf 'azenv: %s\n' "$1" >&2; }

# A line about a change: silent in a subshell and where the user wants quiet.
__azenv_tell() {
  if [[ -z ${AZENV_QUIET-} && $BASH_SUBSHELL == 0 ]]; then \builtin printf 'azenv: %s\n' "$1" >&2; fi
}

# Sets __azenv_shown to $1 as it may be printed.
__azenv_show() {
  __azenv_shown=$1
  if [[ -n ${HOME-} && $1 == "$HOME"/* ]]; then __azenv_shown="~${1#"$HOME"}"; fi
  __azenv_shown=${__azenv_shown//$__azenv_unsafe/?}
}

# --- the program ----------------------------------------------------------------------------

__azenv_have_program() {
  [[ -x $__azenv_python && -f $__azenv_launcher ]] && \builtin return 0
  if [[ -z $__azenv_told_gone || $# -ne 0 ]]; then
    __azenv_told_gone=1
    __azenv_error "its program is gone ($__azenv_launcher); reinstall azenv or remove the hook: azenv init bash --remove"
  fi
  \builtin return 1
}

# Runs `azenv hook ARGS`: by absolute paths and isolated, so that neither PATH nor a json.py in
# the current directory is ever looked at; without the terminal's input, which is the user's.
__azenv_program() {
  __azenv_have_program || \builtin return 1
  "$__azenv_python" -I "$__azenv_launcher" hook "$@" </dev/null
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
  candidate=$(__azenv_program root bash) || candidate=''
  if [[ $candidate == /* ]] && __azenv_usable "$candidate"; then __azenv_use_root "$candidate"; \builtin return 0; fi
  __azenv_root_asked=1
  \builtin return 1
}

__azenv_find_root() {
  \builtin local candidate
  # An explicit list is there under AZENV_HOME only.
  if [[ ${#__azenv_roots[@]} -eq 0 ]]; then
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

# Cuts $1 at \037 into __azenv_fields. A here-string would be a temporary file.
# shellcheck disable=SC2206  # cut at IFS, globs are off
__azenv_split() {
  \builtin local IFS="$__azenv_us"
  case $- in
    *f*) __azenv_fields=($1) ;;
    *) \builtin set -f; __azenv_fields=($1); \builtin set +f ;;
  esac
}

# The record of the pin $1 with the content $2: sets verdict and argument, or fails.
__azenv_lookup() {
  \builtin local head trusted=''
  verdict='' argument=''
  [[ -f $__azenv_state/pins$1 ]] || \builtin return 1
  { IFS=$__azenv_us \builtin read -r -d '' -a head && { IFS='' \builtin read -r -d '' trusted || :; }; } \
    <"$__azenv_state/pins$1" || \builtin return 1
  [[ ${#head[@]} -eq 3 && ${head[2]} == . && $trusted == "$2" ]] || \builtin return 1
  verdict=${head[0]} argument=${head[1]}
}

# The context $1: sets new_id, new_kinds, new_values and label, or fails. The first two values are
# composed here: a forged record must not choose the directory from which az imports code.
__azenv_load() {
  \builtin local fields IFS=' '  # bash 3.2 makes one word of "${a[@]:x:y}" where IFS has no space
  [[ -n $1 && $1 != *[!0-9a-z-]* && -f $__azenv_state/contexts/$1 ]] || \builtin return 1
  { IFS=$__azenv_us \builtin read -r -d '' -a fields || :; } <"$__azenv_state/contexts/$1"
  [[ ${#fields[@]} -eq $((__azenv_ne + 2)) && ${fields[0]} == "$1" && ${fields[__azenv_ne+1]} == . ]] || \builtin return 1
  __azenv_kinds_valid "${fields[2]}" || \builtin return 1
  new_id=$1 label=${fields[1]} new_kinds=${fields[2]}
  new_values=("$__azenv_root/az/$1/.azure" "$origin" "${fields[@]:3:__azenv_ne-2}")
}

__azenv_kinds_valid() {
  [[ ${#1} -eq $__azenv_nn && $1 == ==* && $1 != *[!=?.-]* && ${1:__azenv_ne} != *[!.-]* ]]
}

# The built-in context of which nothing can be reached; $1 says why.
__azenv_load_none() {
  new_id=none label='' new_kinds=$__azenv_none
  new_values=("${__azenv_root:-/dev/null}/az/none/.azure" "$origin" none)
  while [[ ${#new_values[@]} -lt $__azenv_ne ]]; do new_values+=(''); done
  new_values[__azenv_block]=$1
}

# The overlay $1 is there, and neither its profile nor the base's token cache is newer than its stamp.
__azenv_fresh() {
  [[ -f $1/azureProfile.json && ! $1/azureProfile.json -nt $1/.stamp && ! $__azenv_base/msal_token_cache.json -nt $1/.stamp ]]
}

# --- leaving, entering, switching -----------------------------------------------------------
# Ctrl-C can end a prompt's command between any two statements. So the books are always written
# first, and leaving asks each variable whether it holds a value of ours, the last or the one
# before: the next prompt completes what was interrupted. (Ignoring the signal meanwhile would
# mean to delete the user's own trap afterwards: direnv #1368.)

# `local` fails for a read-only global, also for one without a value; nothing is changed by it.
__azenv_local() { \builtin local "$1"; }

# Tells of the first read-only name that would change between the kinds $1 and $2; fails without one.
__azenv_read_only() {
  \builtin local index
  for ((index = 0; index < __azenv_nn; index++)); do
    [[ ${1:index:1}${2:index:1} == *[=?-]* ]] || \builtin continue
    { __azenv_local "${__azenv_names[index]}"; } 2>/dev/null && \builtin continue
    __azenv_error "${__azenv_names[index]} is read-only in this shell; nothing was changed"
    \builtin return 0
  done
  \builtin return 1
}

# Works out, once for each string of kinds, which names are set and which of them by number.
__azenv_reshape() {
  \builtin local index usual=''
  __azenv_shape=$1 __azenv_shape_set=() __azenv_shape_rest=()
  if [[ $1 == "$__azenv_usual"* ]]; then usual=1; fi
  for ((index = 0; index < __azenv_ne; index++)); do
    [[ ${1:index:1} == '=' ]] || \builtin continue
    __azenv_shape_set+=("${__azenv_names[index]}")
    if [[ -z $usual || $index -ge $__azenv_nu ]]; then __azenv_shape_rest+=("$index"); fi
  done
}

# Takes over what a parent shell left in __AZENV_UNDO; fails where it is of another layout, and
# drops it where it is garbled.
__azenv_adopt() {
  \builtin local index count IFS=' '
  __azenv_split "$__AZENV_UNDO"
  [[ ${__azenv_fields[0]-} == "$__azenv_layout" ]] || \builtin return 1
  count=${#__azenv_fields[@]}
  if [[ $count -lt $((__azenv_ne + 3)) || $(((count - __azenv_ne - 3) % 2)) -ne 0 || ${__azenv_fields[2]} == *\?* ]] ||
    ! __azenv_kinds_valid "${__azenv_fields[2]}"; then
    \builtin unset -v __AZENV_UNDO
    \builtin return 0
  fi
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=()
  for ((index = __azenv_ne + 3; index < count; index += 2)); do
    if [[ ${__azenv_fields[index]} != [1-9] && ${__azenv_fields[index]} != [1-9][0-9] ||
      ${__azenv_fields[index]} -gt $__azenv_nn ]]; then
      \builtin unset -v __AZENV_UNDO
      \builtin return 0
    fi
    __azenv_old_at+=("$((__azenv_fields[index] - 1))") __azenv_old_kind+=(x) __azenv_old+=("${__azenv_fields[index+1]}")
  done
  __azenv_kinds='' __azenv_applied=${__azenv_fields[2]} __azenv_values=("${__azenv_fields[@]:3:__azenv_ne}")
  __azenv_seen=$'\001' __azenv_half='' __azenv_active=1
}

# Sets inherited where the parent shell put these very values in force, and told it.
__azenv_compare_inherited() {
  \builtin local IFS="$__azenv_us" values
  values=("${new_values[@]}")
  if [[ ${__azenv_applied:__azenv_soft:1} == . ]]; then values[__azenv_soft]=''; fi
  if [[ "${values[*]}" == "${__azenv_values[*]}" ]]; then inherited=1; fi
}

# An undo of another layout: the program reverses it by name, once. All of it is applied or nothing.
__azenv_reverse() {
  \builtin local index answer
  [[ $__azenv_told_undo != "$__AZENV_UNDO" ]] || \builtin return 1
  __azenv_told_undo=$__AZENV_UNDO
  answer=$(__azenv_program undo "$__azenv_root") || answer=''
  [[ $answer == *"$__azenv_us." || $answer == . ]] || \builtin return 1
  __azenv_split "$answer"
  for ((index = 0; index + 2 < ${#__azenv_fields[@]}; index += 3)); do
    # Never PATH and its like, whatever was inherited.
    [[ ${__azenv_fields[index]} =~ ^(AZ|ARM_|ANSIBLE_|AAD_|KUBE|MSI_|IDENTITY_)[A-Z0-9_]*$ ]] || \builtin return 1
    if ! { __azenv_local "${__azenv_fields[index]}"; } 2>/dev/null; then
      __azenv_error "${__azenv_fields[index]} is read-only in this shell; nothing was changed"
      \builtin return 1
    fi
  done
  for ((index = 0; index + 2 < ${#__azenv_fields[@]}; index += 3)); do
    if [[ ${__azenv_fields[index+1]} == x ]]; then
      \builtin export "${__azenv_fields[index]}=${__azenv_fields[index+2]}"
    else
      \builtin unset -v "${__azenv_fields[index]}"
    fi
  done
  \builtin unset -v __AZENV_UNDO
}

# Puts back the old value number $1.
__azenv_restore() {
  \builtin local name="${__azenv_names[${__azenv_old_at[$1]}]}"
  if [[ ${__azenv_old_kind[$1]} == x ]]; then
    \builtin export "$name=${__azenv_old[$1]}"
  else
    \builtin export -n "$name=${__azenv_old[$1]}"
  fi
}

# Takes our values back; snapshot first. Old values go before unsets, so that a name whose old
# value is still owed never looks like one that the user unset.
__azenv_leave() {
  \builtin local index name old_of before
  if [[ -z $__azenv_half && $__azenv_now == "$__azenv_seen" && $__azenv_now_extra == "$__azenv_seen_extra" ]]; then
    for ((index = 0; index < ${#__azenv_old_at[@]}; index++)); do __azenv_restore "$index"; done
    if [[ ${#__azenv_clear[@]} -ne 0 ]]; then \builtin unset -v "${__azenv_clear[@]}"; fi
  else
    old_of=() before=()
    if [[ -n $__azenv_half ]]; then __azenv_split "$__azenv_half$__azenv_us."; before=("${__azenv_fields[@]}"); fi
    for ((index = 0; index < ${#__azenv_old_at[@]}; index++)); do old_of[__azenv_old_at[index]]=$index; done
    for ((index = 0; index < __azenv_nn; index++)); do
      name=${__azenv_names[index]}
      case ${__azenv_applied:index:1} in
        =) # only a value that is still ours goes: what the user set meanwhile stays
          [[ -n ${!name+1} ]] || \builtin continue
          [[ ${!name} == "${__azenv_values[index]}" || -n $__azenv_half && ${!name} == "${before[index]-}" ]] || \builtin continue
          if [[ -z ${old_of[index]-} ]]; then \builtin unset -v "$name"; \builtin continue; fi ;;
        -) [[ -z ${!name+1} ]] || \builtin continue ;;
        *) \builtin continue ;;
      esac
      if [[ -n ${old_of[index]-} ]]; then __azenv_restore "${old_of[index]}"; fi
    done
  fi
  __azenv_active='' __azenv_half='' __azenv_values=() __azenv_text='' __azenv_kinds='' __azenv_applied=''
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=() __azenv_overlay=''
  \builtin unset -v __AZENV_UNDO
}

# Writes the books for the new context: what the user has of the names that it changes.
__azenv_plan() {
  \builtin local index name kind kept=' ' IFS=' '
  __azenv_old_at=() __azenv_old_kind=() __azenv_old=() __azenv_old_text='' drop=()
  __azenv_applied=${new_kinds//\?/=}
  __azenv_which
  for index in $__azenv_now_set$__azenv_now_extra; do
    kind=${new_kinds:index:1} name=${__azenv_names[index]}
    case $kind in
      .) \builtin continue ;;
      \?) # the user has his own: it stays
        __azenv_applied="${__azenv_applied:0:index}.${__azenv_applied:index+1}" new_values[index]=''
        \builtin continue ;;
      -) drop+=("$name") ;;
    esac
    kept+="$name "
    __azenv_old_at+=("$index") __azenv_old+=("${!name}")
    # Whether a variable is exported, without `declare -p` in a substitution, which is a process.
    if \builtin compgen -A export -X "!$name" >/dev/null; then
      __azenv_old_kind+=(x)
      # A secret, or what cannot be framed, stays in this shell: a child finds such a name unset.
      if [[ ${__azenv_sec:index:1} != '*' && ${!name} != *"$__azenv_us"* ]]; then
        __azenv_old_text+="$((index + 1))$__azenv_us${!name}$__azenv_us"
      fi
    else
      __azenv_old_kind+=(s)
    fi
  done
  [[ $__azenv_shape == "$__azenv_applied" ]] || __azenv_reshape "$__azenv_applied"
  __azenv_clear=()
  if [[ $kept == ' ' ]]; then
    __azenv_clear=("${__azenv_shape_set[@]}")
  else
    for name in "${__azenv_shape_set[@]}"; do
      [[ $kept == *" $name "* ]] || __azenv_clear+=("$name")
    done
  fi
}

# Puts the new context in the place of the one in force; with an argument, nothing.
__azenv_switch() {
  \builtin local IFS="$__azenv_us" moved='' index drop
  if [[ -z $__azenv_active && -n ${__AZENV_UNDO+1} ]]; then
    __azenv_adopt || __azenv_reverse || \builtin return 1
    if [[ -n $__azenv_active && $# -eq 0 ]]; then __azenv_compare_inherited; fi
  fi
  __azenv_snap
  if [[ $# -eq 0 && -n $__azenv_active && $new_kinds == "$__azenv_kinds" && -z $__azenv_half &&
    $__azenv_now == "$__azenv_seen" && $__azenv_now_extra == "$__azenv_seen_extra" ]]; then
    # A context of the same shape, and nobody touched anything: only values move.
    { __azenv_ro_any; } 2>/dev/null || ! __azenv_read_only "$__azenv_applied" "$new_kinds" || \builtin return 1
    if [[ ${__azenv_applied:__azenv_soft:1} == . ]]; then new_values[__azenv_soft]=''; fi
    moved=1 __azenv_half=$__azenv_text
  else
    { __azenv_ro; } 2>/dev/null || ! __azenv_read_only "$__azenv_applied" "${1-$new_kinds}" || \builtin return 1
    if [[ -n $__azenv_active ]]; then __azenv_leave; __azenv_snap; fi
    if [[ $# -ne 0 ]]; then \builtin return 0; fi
    __azenv_plan
  fi
  __azenv_values=("${new_values[@]}") __azenv_text="${new_values[*]}" __azenv_kinds=$new_kinds
  __azenv_seen=$'\001' __azenv_active=1
  \builtin export __AZENV_UNDO="$__azenv_layout$__azenv_us$new_id$__azenv_us$__azenv_applied$__azenv_us$__azenv_text$__azenv_us$__azenv_old_text"
  if [[ -z $moved && ${#drop[@]} -ne 0 ]]; then \builtin unset -v "${drop[@]}"; fi
  if [[ $__azenv_applied == "$__azenv_usual"* ]]; then __azenv_put "${new_values[@]}"; fi
  if [[ ${#__azenv_shape_rest[@]} -ne 0 ]]; then
    for index in "${__azenv_shape_rest[@]}"; do \builtin export "${__azenv_names[index]}=${new_values[index]}"; done
  fi
  if [[ -n $moved && -n $__azenv_plain ]]; then
    __azenv_seen=$__azenv_text  # nothing was set beside our values: no second look
  else
    __azenv_snap
    __azenv_seen=$__azenv_now __azenv_seen_extra=$__azenv_now_extra __azenv_plain=''
    if [[ $__azenv_now == "$__azenv_text" ]]; then __azenv_plain=1; fi
  fi
  __azenv_half=''
}

# --- deciding -------------------------------------------------------------------------------

# Makes the overlay of $1 fresh, by the program where it must be; remembers where that fails.
__azenv_refresh_overlay() {
  __azenv_stuck=''
  if __azenv_fresh "$__azenv_overlay"; then \builtin return 0; fi
  __azenv_program overlay "$__azenv_root" "$1" bash >&2 || :
  __azenv_fresh "$__azenv_overlay" || __azenv_stuck=1
}

# The verdict on the pin $1 with the content $2; the program is asked where no record answers.
__azenv_judge() {
  __azenv_lookup "$1" "$2" && \builtin return 0
  [[ $__azenv_unanswered != *"$__azenv_us$1$__azenv_us$2$__azenv_us"* ]] || \builtin return 0
  [[ $root_state != foreign ]] || \builtin return 0
  __azenv_program pin "$__azenv_root" "$1" bash >&2 || :
  [[ -e $__azenv_generation ]] || __azenv_find_generation
  __azenv_lookup "$1" "$2" || __azenv_unanswered+="$__azenv_us$1$__azenv_us$2$__azenv_us"
}

# Activates what origin, new_id and reason ask for; told as coming from $1.
__azenv_activate() {
  \builtin local new_kinds new_values label inherited='' overlay="$__azenv_overlay" stuck="$__azenv_stuck"
  if [[ $root_state == foreign ]]; then
    new_id=none reason='the runtime directory is not yours'
    __azenv_load_none "$reason"
    new_values[0]=/dev/null/azenv  # nothing can ever be created there
    __azenv_stuck=1
  else
    if [[ $new_id == none ]]; then
      __azenv_load_none "$reason"
    elif ! __azenv_load "$new_id"; then
      new_id=none reason='the context is gone'
      __azenv_load_none "$reason"
    fi
    __azenv_overlay=${new_values[0]}
    __azenv_refresh_overlay "$new_id"
  fi
  if ! __azenv_switch; then
    __azenv_overlay=$overlay __azenv_stuck=$stuck
    \builtin return 0
  fi
  __azenv_overlay=${new_values[0]}
  if [[ $new_id == none ]]; then
    if [[ $BASH_SUBSHELL == 0 ]]; then __azenv_error "blocked: $reason  ($1)"; fi
  elif [[ -z $inherited ]]; then
    __azenv_tell "$label  ($1)"
  fi
}

__azenv_deactivate() {
  \builtin local line='no context (left the pinned directory)'
  if [[ ${AZENV_SOURCE-} == choice ]]; then line='no context (choice dropped)'; fi
  if [[ -n $__azenv_active || -n ${__AZENV_UNDO+1} ]] && __azenv_switch leave; then __azenv_tell "$line"; fi
}

# A choice masks the pin: told on entering its directory, where it would select something else.
__azenv_mask() {
  if [[ $pin == "$__azenv_masked" ]]; then \builtin return 0; fi
  __azenv_masked=$pin
  if [[ -z $pin || -z $1 || -z ${AZENV_CONTEXT-} ]]; then \builtin return 0; fi
  if __azenv_lookup "$pin" "$content" && [[ $verdict == denied || $argument == "${AZENV_CONTEXT_ID-}" ]]; then
    \builtin return 0
  fi
  __azenv_show "$pin"
  __azenv_tell "this directory is pinned ($__azenv_shown), but your choice $AZENV_CONTEXT is in force; azenv use --follow"
}

# --- walking and reading --------------------------------------------------------------------

# The places of a pin above the logical $PWD, nearest first. Done only when $PWD changes.
__azenv_walk() {
  \builtin local dir="${PWD-}"
  __azenv_walked=$dir __azenv_candidates=()
  if [[ $dir == /* ]]; then
    while [[ $dir == /?* ]]; do __azenv_candidates+=("$dir/.azenv.toml"); dir=${dir%/*}; done
    __azenv_candidates+=(/.azenv.toml)
  fi
}

# The nearest pin that counts: sets pin, content, unusable (why), and alone ('' where the next
# prompt must look at more than this one file).
__azenv_find_pin() {
  pin='' content='' unusable='' alone=1
  if [[ ${#__azenv_candidates[@]} -eq 0 ]]; then \builtin return 0; fi
  for pin in "${__azenv_candidates[@]}"; do
    [[ -e $pin ]] || \builtin continue
    content='' unusable=''
    if [[ ! -f $pin || ! -r $pin || -L $pin ]]; then
      unusable='not a plain readable file'
    # 0 = stopped at the limit or at a NUL, 1 = the end of the file. The limit counts characters.
    elif IFS='' \builtin read -r -d '' -n 4097 content <"$pin"; then
      unusable='longer than 4096 bytes, or holds NUL'
    elif [[ ${#content} -gt 1024 ]] && __azenv_too_long "$content"; then
      unusable='longer than 4096 bytes, or holds NUL'
    elif [[ $content == $'\357\273\277'* ]]; then
      unusable='begins with a byte order mark'
    fi
    if [[ -n $unusable ]]; then
      alone=''
      # Else one file in /tmp would block everybody.
      if [[ ! -O $pin || -L $pin && ! -O ${pin%/*}/ ]]; then __azenv_ignore "$pin"; \builtin continue; fi
    elif [[ $__azenv_denied == *"$__azenv_us$pin$__azenv_us$content$__azenv_us"* ]]; then
      alone=''
      \builtin continue
    fi
    \builtin return 0
  done
  pin='' content='' unusable=''
}

# 1,024 characters are at most 4,096 bytes; to change the locale for a count takes time.
__azenv_too_long() { \builtin local LC_ALL=C; [[ ${#1} -gt 4096 ]]; }

__azenv_ignore() {
  [[ $__azenv_ignored != *"$__azenv_us$1$__azenv_us"* ]] || \builtin return 0
  __azenv_ignored+="$__azenv_us$1$__azenv_us"
  __azenv_show "$1"
  __azenv_tell "ignored: $unusable, and another user's  (pin $__azenv_shown)"
}

# The token is the name of the one file there: unchanged costs one look, a new one a glob.
__azenv_find_generation() {
  \builtin local found failglob='' noglob=''
  case $- in *f*) noglob=1; \builtin set +f ;; esac
  if \builtin shopt -q failglob; then failglob=1; \builtin shopt -u failglob; fi
  found=("$__azenv_state"/generation/*)
  if [[ -n $failglob ]]; then \builtin shopt -s failglob; fi
  if [[ -n $noglob ]]; then \builtin set -f; fi
  [[ -e ${found[0]-} ]] || found=('')
  if [[ ${found[0]} != "$__azenv_generation" ]]; then
    __azenv_generation=${found[0]} __azenv_decided='' __azenv_denied='' __azenv_unanswered='' __azenv_root_asked=''
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
  [[ -O $__azenv_root && ! -L $__azenv_root ]] && { \builtin printf . >|"$__azenv_clock"; } 2>/dev/null
}

# Finds out what should be in force here, and puts it in force.
__azenv_refresh() {
  \builtin local pin='' content='' unusable='' alone='' verdict argument
  \builtin local origin='' new_id='' reason='' key root_state='' moved='' pwd="${PWD-}"
  __azenv_watch=(-z x)
  if [[ $pwd != "$__azenv_walked" ]]; then moved=1; __azenv_walk; fi
  [[ -e $__azenv_generation ]] || __azenv_find_generation
  __azenv_find_pin

  if [[ -n ${__AZENV_CHOICE-}$pin ]]; then
    if __azenv_need_root; then root_state=$__azenv_root; else root_state=foreign; fi
  fi
  if [[ -n ${__AZENV_CHOICE-} ]]; then
    origin=choice new_id=$__AZENV_CHOICE reason=chosen
    if [[ -n ${__AZENV_UNTIL-} && $root_state != foreign ]] && __azenv_time_is_up; then
      new_id=none reason='the time is up'
    fi
    key=$origin$__azenv_us$new_id$__azenv_us$reason
  else
    key=$pin$__azenv_us$content$__azenv_us$unusable
  fi

  if [[ $key$__azenv_us$root_state != "$__azenv_decided" ]]; then
    __azenv_decided=''  # what is interrupted is done again
    if [[ -z $origin && -n $pin && -z $unusable ]]; then
      while __azenv_judge "$pin" "$content"; [[ $verdict == denied ]]; do
        __azenv_denied+=$__azenv_us$pin$__azenv_us$content$__azenv_us
        __azenv_find_pin
        [[ -n $pin && -z $unusable ]] || \builtin break
      done
      key=$pin$__azenv_us$content$__azenv_us$unusable
    fi
    if [[ -n $origin ]]; then
      __azenv_activate chosen
    elif [[ -z $pin ]]; then
      __azenv_deactivate
    else
      origin=pin new_id=none
      if [[ -n $unusable ]]; then reason=$unusable
      else
        case $verdict in
          context) new_id=$argument ;;
          blocked) reason=$argument ;;
          *) reason='not trusted; review it, then: azenv allow' ;;
        esac
      fi
      __azenv_show "$pin"
      __azenv_activate "pin $__azenv_shown"
    fi
    if [[ -z $origin ]]; then root_state=''; fi
    __azenv_decided=$key$__azenv_us$root_state
  elif [[ -n $__azenv_overlay && -z $__azenv_stuck ]]; then
    __azenv_refresh_overlay "${__azenv_values[2]}"
  fi
  if [[ -n ${__AZENV_CHOICE-} ]]; then __azenv_mask "$moved"; else __azenv_masked=''; fi
  __azenv_arm
}

# One `test` for the next prompt, true while nothing changed: expanded once by a builtin, it costs
# less than a loop over the places of a pin.
__azenv_arm() {
  \builtin local candidate watch
  watch=()
  if [[ -z $__azenv_generation ]]; then \builtin return 0; fi
  if [[ -z ${__AZENV_CHOICE-} ]]; then
    if [[ -z $alone ]]; then \builtin return 0; fi
    if [[ ${#__azenv_candidates[@]} -ne 0 ]]; then
      for candidate in "${__azenv_candidates[@]}"; do
        if [[ $candidate == "$pin" ]]; then watch+=(-f "$pin" -a -r "$pin" -a ! -L "$pin" -a); \builtin break; fi
        watch+=(! -e "$candidate" -a)
      done
    fi
  else
    pin='' content=''
  fi
  if [[ -n $__azenv_overlay ]]; then
    watch+=(-O "$__azenv_root" -a ! -L "$__azenv_root" -a)
    if [[ -z $__azenv_stuck ]]; then
      watch+=(-f "$__azenv_overlay/azureProfile.json" -a ! "$__azenv_overlay/azureProfile.json" -nt "$__azenv_overlay/.stamp" -a
        ! "$__azenv_base/msal_token_cache.json" -nt "$__azenv_overlay/.stamp" -a)
    fi
  fi
  __azenv_watch_clock=''
  if [[ -n ${__AZENV_CHOICE-} && -n ${__AZENV_UNTIL-} && $reason != 'the time is up' ]]; then
    __azenv_watch_clock=$__azenv_clock
    watch+=(! "$__azenv_clock" -nt "$__azenv_root/until/$__AZENV_UNTIL" -a -e "$__azenv_root/until/$__AZENV_UNTIL" -a)
  fi
  __azenv_watch_pwd=$pwd __azenv_watch_choice=${__AZENV_CHOICE-}$__azenv_us${__AZENV_UNTIL-}
  __azenv_watch_pin=$pin __azenv_watch_content=$content
  __azenv_watch=("${watch[@]+"${watch[@]}"}" -e "$__azenv_generation")
}

# Options of the user that would change what this code means are off for its time: with nocasematch
# values that differ in case look equal; allexport would export our books.
__azenv_refresh_guarded() {
  \builtin local nocasematch='' allexport=''
  if [[ a == A ]]; then nocasematch=1; \builtin shopt -u nocasematch; fi
  case $- in *a*) allexport=1; \builtin set +a ;; esac
  __azenv_refresh
  if [[ -n $allexport ]]; then \builtin set -a; fi
  if [[ -n $nocasematch ]]; then \builtin shopt -s nocasematch; fi
}

# What runs at a prompt. The status must be taken by the very first statement (VS Code #226929).
__azenv_hook() {
  \builtin local __azenv_status="$?" REPLY=''
  if [[ a == A || ${PWD-} != "$__azenv_watch_pwd" ||
    ${__AZENV_CHOICE-}$__azenv_us${__AZENV_UNTIL-} != "$__azenv_watch_choice" ]] ||
    { [[ -n $__azenv_watch_clock ]] && ! __azenv_touch_clock; } || ! \builtin test "${__azenv_watch[@]}"; then
    __azenv_refresh_guarded
  # The content is compared, not its time (direnv #452, mise #4390). 0 = there is more, or a NUL.
  elif [[ -n $__azenv_watch_pin ]] &&
    { \builtin read -r -d '' -n 4097 <"$__azenv_watch_pin" || [[ $REPLY != "$__azenv_watch_content" ]]; }; then
    __azenv_refresh_guarded
  fi
  # What runs after us in the same string wants the status; under `set -e` it would end the shell.
  # bash itself gives the status back after an entry of our own: returning it would only make an
  # ERR trap fire a second time.
  case $-,$__azenv_status in
    *e*,* | *,0) \builtin return 0 ;;
  esac
  for REPLY in "${PROMPT_COMMAND[@]-}"; do
    if [[ $REPLY == __azenv_hook ]]; then \builtin return 0; fi
  done
  \builtin return "$__azenv_status"
}

# --- the public function --------------------------------------------------------------------

# Runs the program, which may leave mail for this shell. `function`, because `azenv` may be an alias.
function azenv {
  \builtin local status=0 mail nonce fields changed=''
  __azenv_have_program always || \builtin return 127
  if [[ -n ${_AZENV_COMPLETE-} ]]; then
    "$__azenv_python" -I "$__azenv_launcher" "$@"
    \builtin return
  fi
  __azenv_root_asked=''
  if __azenv_need_root; then
    mail=$__azenv_root/mail/$$.$RANDOM$RANDOM nonce=$RANDOM$RANDOM$RANDOM$RANDOM
    __azenv_watch_exit
    __AZENV_MAIL=$mail __AZENV_NONCE=$nonce __AZENV_SHELL=bash "$__azenv_python" -I "$__azenv_launcher" "$@" || status=$?
    if [[ -f $mail && -O $mail && ! -L $mail ]]; then
      { IFS=$__azenv_us \builtin read -r -d '' -a fields || :; } <"$mail"
      \builtin : >|"$mail"  # the program sweeps what is empty: a shell cannot remove a file by itself
      # Mail with another nonce was meant for somebody else.
      if [[ ${#fields[@]} -eq 6 && ${fields[0]} == "$nonce" && ${fields[5]} == . ]] &&
        __azenv_apply_mail "${fields[1]}" "${fields[2]}" "${fields[3]}" "${fields[4]}"; then changed=1; fi
    fi
  else
    "$__azenv_python" -I "$__azenv_launcher" "$@" || status=$?
  fi
  if [[ -n $changed ]]; then
    __azenv_decided='' __azenv_stuck=''
    __azenv_refresh_guarded
    if [[ $BASH_SUBSHELL != 0 ]]; then __azenv_error 'this subshell changed; the parent shell is unchanged'; fi
  elif [[ -n $__azenv_hooked && $BASH_SUBSHELL == 0 ]]; then
    __azenv_refresh_guarded  # `azenv allow && az …`
  fi
  \builtin return "$status"
}

# Verb, context id, name of the deadline, the choice before; fails where one of them cannot be right.
__azenv_apply_mail() {
  [[ $2$4 != *[!0-9a-z-]* && $3 != */* && $3 != .* ]] || \builtin return 1
  case $1,$2 in
    choice,?*)
      \builtin export __AZENV_CHOICE="$2"
      if [[ -n $3 ]]; then \builtin export __AZENV_UNTIL="$3"; else \builtin unset -v __AZENV_UNTIL; fi ;;
    follow,*) \builtin unset -v __AZENV_CHOICE __AZENV_UNTIL ;;
    *) \builtin return 1 ;;
  esac
  if [[ -n $4 ]]; then \builtin export __AZENV_PREVIOUS="$4"; else \builtin unset -v __AZENV_PREVIOUS; fi
}

# --- optional: az ---------------------------------------------------------------------------

# bash has no hook between `cd prod` and `az` on one line; this closes the gap, without a process.
# Set AZENV_AZ_FUNCTION=1 before loading.
__azenv_define_az() {
  function az {
    __azenv_hook || \builtin :
    \command az "$@"
  }
}

# --- installation ---------------------------------------------------------------------------

# The command string $1 calls the function $2. Delimited: a substring would see other names (direnv #1043).
__azenv_calls() {
  \builtin local text=";${1//[[:space:]]/;};"
  [[ $text == *";$2;"* ]]
}

# Our call, put into the command string $1 after the last call of direnv or mise, whose variables
# we must see; sets text, or fails where there is none.
__azenv_insert_after() {
  \builtin local name tail='' shortest="$1;" line
  for name in _direnv_hook _mise_hook _mise_hook_prompt_command; do
    __azenv_calls "$1" "$name" || \builtin continue
    tail=${1##*"$name"}
    if [[ ${#tail} -lt ${#shortest} ]]; then shortest=$tail; fi
  done
  [[ $shortest != "$1;" ]] || \builtin return 1
  line=${shortest%%[;$'\n']*}
  text=${1%"$shortest"}$line
  tail=${shortest#"$line"}
  text+=';__azenv_hook'${tail}
}

# In PROMPT_COMMAND, after direnv and mise where they are there already, else first: before every
# prompt theme. An entry of its own where that can be: from bash 5.1 each sees the user's $? and
# PIPESTATUS, in a string the first command destroys them for the rest. But VS Code wraps entry 0
# only, and would lose what we moved out of it (oh-my-posh #7029).
__azenv_install() {
  \builtin local entry entries index text done='' own=''
  entries=()
  for entry in "${PROMPT_COMMAND[@]-}" "${STARSHIP_PROMPT_COMMAND-}" "${__vsc_original_prompt_command[@]-}"; do
    if __azenv_calls "$entry" __azenv_hook; then \builtin return 0; fi
  done
  if ! { __azenv_local PROMPT_COMMAND; } 2>/dev/null; then \builtin return 0; fi
  if [[ ${TERM_PROGRAM-} != vscode ]] && ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then own=1; fi

  if [[ -n ${PROMPT_COMMAND[*]-} ]]; then entries=("${PROMPT_COMMAND[@]}"); fi
  for ((index = ${#entries[@]} - 1; index >= 0; index--)); do
    __azenv_insert_after "${entries[index]}" || \builtin continue
      if [[ -n $own && $text == "${entries[index]%%[[:space:];]*};__azenv_hook" ]]; then
      entries=("${entries[@]:0:index+1}" __azenv_hook "${entries[@]:index+1}")
    else
      entries[index]=$text
    fi
    done=1
    \builtin break
  done
  if [[ -z $done && -n $own ]]; then
    entries=(__azenv_hook ${entries[@]+"${entries[@]}"})
  elif [[ -z $done ]]; then
    text=${entries[0]-}
    while [[ $text == [[:space:]\;]* ]]; do text=${text#?}; done  # `;;` is a syntax error (direnv #473)
    entries[0]=__azenv_hook${text:+;$text}
  fi
  if [[ -n $own || ${#entries[@]} -gt 1 ]]; then
    PROMPT_COMMAND=("${entries[@]}")
  else
    # shellcheck disable=SC2178  # it was a string, and VS Code and old shells want one
    PROMPT_COMMAND=${entries[0]}
  fi
}

# --- end of session -------------------------------------------------------------------------

__azenv_at_exit() {
  if [[ -n $__azenv_has_files && -x $__azenv_python && -f $__azenv_launcher ]]; then
    "$__azenv_python" -I "$__azenv_launcher" hook end "$__azenv_root" "$$" </dev/null >/dev/null 2>&1 || :
  fi
}

# Our last deed after the user's own EXIT trap, which is kept. Called before this shell makes its
# first file: to read a trap is a process. What a later trap or `kill -9` leaves, azenv sweeps.
__azenv_watch_exit() {
  \builtin local trap quote="'" quoted="'\\''"
  if [[ -n $__azenv_has_files || $BASH_SUBSHELL != 0 ]]; then \builtin return 0; fi
  __azenv_has_files=1
  trap=$(\builtin trap -p EXIT)
  if [[ -z $trap ]]; then \builtin trap __azenv_at_exit EXIT; \builtin return 0; fi
  # trap -- '…' EXIT: cut, not evaluated
  [[ $trap == "trap -- '"*"' EXIT" && $trap != *__azenv_at_exit* ]] || \builtin return 0
  trap=${trap#"trap -- '"} trap=${trap%"' EXIT"}
  trap=${trap//"$quoted"/$quote}
  # shellcheck disable=SC2064  # expanded now: it is the text of the trap
  \builtin trap "$trap"$'\n__azenv_at_exit' EXIT
}

if [[ $- == *i* && $- != *r* && -z ${CI-}${TF_BUILD-}${GITHUB_ACTIONS-} ]]; then
  __azenv_install
  __azenv_hooked=1
  if [[ ${AZENV_AZ_FUNCTION-} == 1 ]]; then __azenv_define_az; fi
  # An inherited time box makes this shell touch a clock file.
  if [[ -n ${__AZENV_UNTIL-} ]]; then __azenv_watch_exit; fi
fi
