# azenv's hook for fish 3.4 and later.
#
# `azenv init fish` prints a prologue (paths, the table of variables, code unrolled over it) and then
# this file as it stands. No process is started at a prompt unless no record answers; no data is ever
# evaluated; no file is written but a private clock, and that only while a choice is time-boxed.
#
# `builtin` stands everywhere because people wrap builtins in functions (virtualenv #3185). Command
# substitutions are avoided: each costs as much as ten builtins, and they split values at newlines.
# `string match` with a named group assigns without one.
#
# Words: a *place* is a directory (with a choice and its deadline), a *guard* the conditions under
# which the answer for a place still holds, a *goal* the state that the place calls for.

# --- State -------------------------------------------------------------------------------------

# Sourced a second time, the state stays: the old values of secrets are nowhere else.
if not builtin set -qgu __azenv_state_of; or builtin test "$__azenv_state_of" != "$__azenv_layout"
    # What is applied now (id, kinds, kinds with the soft name set, values joined, kinds with the
    # soft name left alone), and what was there before.
    builtin set -gu __azenv_applied
    builtin set -gu __azenv_kinds ''
    builtin set -gu __azenv_joined ''
    builtin set -gu __azenv_saved
    builtin set -gu __azenv_undo_tail ''
    builtin set -gu __azenv_soft_as '='
    builtin set -gu __azenv_seen \x01
    builtin set -gu __azenv_seen_absent
    builtin set -gu __azenv_plain ''
    builtin set -gu __azenv_counted
    builtin set -gu __azenv_counted_for ''
    builtin set -gu __azenv_shape_of ''
    # Which statements of a change are due: ctrl-C can stop it between any two of them.
    builtin set -gu __azenv_journal ''
    # Set while the hook works: handlers of the user's that run when we set variables may change the
    # directory. After ctrl-C it stays set until the next prompt. (An exported local would go by
    # itself, but makes each function call five times dearer.)
    builtin set -gu __azenv_busy ''
    builtin set -gu __azenv_asked ''
    # Where we are, and the answers for the last places.
    builtin set -gu __azenv_never \x01
    builtin set -gu __azenv_guard __azenv_never
    builtin set -gu __azenv_goal '' '' '' '' '' '' '' '' ''
    builtin set -gu __azenv_index ''
    builtin set -gu __azenv_keys '' '' '' '' '' '' '' ''
    builtin set -gu __azenv_slot 0
    builtin set -gu __azenv_slots 1 2 3 4 5 6 7 8
    builtin set -gu __azenv_slot_pattern '(?s)^([^\x1f]*)\x1f(?:.*\x1f)?(?<slot>\d):\1\x1f'
    builtin set -gu __azenv_text ''
    builtin set -gu __azenv_generation ''
    builtin set -gu __azenv_last_directory $PWD
    # What was refused or told, so that it is neither asked nor told again.
    builtin set -gu __azenv_refused
    builtin set -gu __azenv_stuck
    builtin set -gu __azenv_ignored
    builtin set -gu __azenv_masked ''
    builtin set -gu __azenv_said ''
    builtin set -gu __azenv_hinted ''
    builtin set -gu __azenv_root ''
    builtin set -gu __azenv_root_asked ''
    builtin set -gu __azenv_made_files ''
    builtin set -gu __azenv_state_of $__azenv_layout
end

# --- Messages ----------------------------------------------------------------------------------

function __azenv_say
    builtin echo "azenv: $argv" >&2
end

# Print to stderr what others wrote: without C0, C1, bidi and format characters. `string escape`
# lets U+009B and U+202E pass.
function __azenv_clean -a text
    builtin set -g __azenv_cleaned $text
    if builtin string match -qr '[^ -~]' -- $text
        # The limit of the user's holds for command substitutions too.
        builtin set -l fish_read_limit 1048576
        builtin set -g __azenv_cleaned (builtin string replace -ra '[\p{C}\p{Zl}\p{Zp}]' '' -- $text)
    end
end

function __azenv_clean_path -a path
    builtin set -l below
    # The first group is compared with itself: nothing in $HOME can act as a pattern.
    if builtin string match -qr '(?s)^(.+)\x1f\1(?<below>/.*)$' -- $HOME\x1f$path
        builtin set path "~$below"
    end
    __azenv_clean $path
end

# The line that tells a goal, in __azenv_line.
function __azenv_word_goal
    builtin set -l line $__azenv_goal_label
    builtin set -l where chosen
    if builtin test "$__azenv_goal_id" = none
        builtin set line "blocked: $__azenv_goal_reason"
    end
    if builtin test "$__azenv_goal_source" = pin
        __azenv_clean_path $__azenv_found
        builtin set where "pin $__azenv_cleaned"
    end
    __azenv_clean $line
    builtin set -g __azenv_line "$__azenv_cleaned  ($where)"
end

# --- The program -------------------------------------------------------------------------------

# Always the absolute interpreter and launcher: never through PATH, never with the current
# directory on Python's path (a hostile json.py there would run).
function __azenv_program_is_there
    builtin test -x "$__azenv_python" -a -f "$__azenv_launcher"; and return 0
    if builtin test -z "$__azenv_hinted"
        builtin set -g __azenv_hinted 1
        __azenv_clean $__azenv_launcher
        __azenv_say "its program is gone ($__azenv_cleaned); reinstall azenv or remove the hook: azenv init fish --remove"
    end
    return 1
end

# stdin is not the terminal: what the user has typed ahead is not ours. stdout may be a command
# substitution of the user's in which the directory changed: nothing goes there.
function __azenv_ask
    __azenv_program_is_there; or return 1
    command $__azenv_python -I $__azenv_launcher hook $argv </dev/null >&2
end

function __azenv_is_usable -a root
    builtin test -n "$root" -a -d "$root" -a -O "$root" -a ! -L "$root"
end

# Find the runtime directory: ours, and no link that somebody laid there. fish has no $UID, and
# `id` is a process; where there is no /proc there is no /run/user either.
function __azenv_find_root
    __azenv_is_usable $__azenv_root; and return 0
    builtin set -g __azenv_root ''
    builtin set -l candidates $__azenv_roots
    if not builtin set -q candidates[1]
        builtin string match -q '/*' -- "$XDG_RUNTIME_DIR"; and builtin set -a candidates $XDG_RUNTIME_DIR/azenv
        builtin set -l uid
        if builtin test -r /proc/self/status
            builtin string match -qr '^Uid:\s+\d+\s+(?<uid>\d+)' </proc/self/status
            builtin set -a candidates /run/user/$uid/azenv /dev/shm/azenv-$uid
        end
        builtin set -a candidates $__azenv_store/run
    end
    for root in $candidates
        __azenv_is_usable $root; and builtin set -g __azenv_root $root; and return 0
    end
    builtin test -z "$__azenv_root_asked"; and __azenv_program_is_there; or return 1
    builtin set -g __azenv_root_asked 1
    builtin set -l answer
    command $__azenv_python -I $__azenv_launcher hook root fish </dev/null | builtin read -z answer
    __azenv_is_usable $answer; and builtin set -g __azenv_root $answer
end

# --- Records -----------------------------------------------------------------------------------

# A new token means: every record may be another one.
function __azenv_read_generation
    builtin set -l token ''
    for file in $__azenv_state/generation/*
        builtin set token $file
    end
    builtin test "$token" = "$__azenv_generation"; and return
    builtin set -g __azenv_generation $token
    builtin set -g __azenv_index ''
    builtin set -g __azenv_keys '' '' '' '' '' '' '' ''
    builtin set -g __azenv_refused
    builtin set -g __azenv_stuck
    builtin set -g __azenv_root_asked ''
end

# Set the goal to the context of an id. Fails, and nothing of the record is used, unless all of it
# is as azenv writes it.
function __azenv_load -a id source
    builtin set -l fish_read_limit 1048576
    builtin set -l text
    builtin string match -qr '^[0-9A-Za-z-]+$' -- $id; or return 1
    builtin set -l record $__azenv_state/contexts/$id
    # What this session has kept to itself counts before what is stored; an empty record hides that.
    if builtin set -q AZENV_SESSION
        builtin set -l sid (builtin string match -r '^[0-9a-f-]+(?=\.)' -- $AZENV_SESSION)
        builtin test -f "$__azenv_root/session/$sid/contexts/$id"; and builtin set record $__azenv_root/session/$sid/contexts/$id
    end
    builtin test -f $record -a -r $record; or return 1
    builtin read -z text <$record
    builtin set -l field
    builtin string match -qra '(?<field>[^\x1f]*)\x1f' -- $text\x1f
    builtin set -l rest $field[$__azenv_record_length..-1]
    builtin test "$field[1]" = "$id" -a "$rest" = .; or return 1
    builtin string match -qr $__azenv_kinds_pattern -- "$field[3]"; or return 1
    builtin string match -qr '(?s)^(?:[^\x1f]*\x1f){3}(?<rest>.*)\x1f\.$' -- $text; or return 1
    builtin set -g __azenv_goal_id $id
    builtin set -g __azenv_goal_source $source
    builtin set -g __azenv_goal_reason ''
    builtin set -g __azenv_goal_label $field[2]
    builtin set -g __azenv_goal_kinds $field[3]
    # The directory that az imports code from is composed here, never read from a record.
    builtin set -g __azenv_goal_values $__azenv_root/az/$id/.azure $source $field[4..-2]
    builtin set -g __azenv_goal_joined $__azenv_root/az/$id/.azure\x1f$source\x1f$rest
end

# Set the goal to the built-in context `none`.
function __azenv_block -a source reason
    builtin set -g __azenv_goal_id none
    builtin set -g __azenv_goal_source $source
    builtin set -g __azenv_goal_reason $reason
    builtin set -g __azenv_goal_label ''
    builtin set -g __azenv_goal_kinds $__azenv_none
    builtin set -g __azenv_goal_values $__azenv_empty
    builtin set __azenv_goal_values[1] $__azenv_root/az/none/.azure
    # Without a directory of our own: a path that nothing can create.
    builtin test -n "$__azenv_root"; or builtin set __azenv_goal_values[1] /dev/null/azenv
    builtin set __azenv_goal_values[2] $source
    builtin set __azenv_goal_values[3] none
    __azenv_clean $reason
    builtin set __azenv_goal_values[$__azenv_block] $__azenv_cleaned
    __azenv_join
end

# Sets __azenv_verdict and __azenv_argument; fails where no record answers for this content.
function __azenv_recall -a path content
    builtin test -f $__azenv_state/pins$path -a -r $__azenv_state/pins$path; or return 1
    builtin set -l fish_read_limit 65536
    builtin set -l answer
    builtin set -l trusted
    begin
        builtin read -z -d \x1f -a answer
        builtin read -z trusted
    end <$__azenv_state/pins$path
    # From the third field to the last: exactly a dot.
    builtin set -l rest $answer[3..-1]
    builtin test "$rest" = . -a "x$trusted" = "x$content"; or return 1
    builtin set -g __azenv_verdict $answer[1]
    builtin set -g __azenv_argument $answer[2]
end

# --- Leaving, entering, switching --------------------------------------------------------------
#
# Each change is planned first, from what is seen, into variables; then carried out by statements
# that may be repeated; __azenv_journal says which are due. So a change that ctrl-C cuts off is
# ended before the next command, and no shell keeps a mixture of two contexts.

# Per kind string, once: which names it sets, and which of them not by __azenv_put.
function __azenv_shape -a kinds
    builtin test "$kinds" = "$__azenv_shape_of"; and return
    builtin set -g __azenv_shape_of ''
    builtin set -g __azenv_shape_sets
    builtin set -g __azenv_shape_rest
    builtin set -g __azenv_shape_put ''
    builtin set -g __azenv_shape_kinds
    builtin set -l kind
    builtin string match -qra '(?<kind>.)' -- $kinds
    builtin set -g __azenv_shape_kinds $kind
    builtin string match -q "$__azenv_usual*" -- $kinds; and builtin set -g __azenv_shape_put 1
    for i in $__azenv_numbers[1..$__azenv_ne]
        builtin test "$kind[$i]" = '='; or continue
        builtin set -a __azenv_shape_sets $__azenv_names[$i]
        builtin test -n "$__azenv_shape_put" -a $i -le $__azenv_nu; or builtin set -a __azenv_shape_rest $i
    end
    builtin set -g __azenv_shape_of $kinds
end

# A variable is put back only if it still holds our value: what the user changed stays.
function __azenv_plan_leave
    __azenv_shape $__azenv_kinds
    if builtin test "$__azenv_now" = "$__azenv_seen" -a "$__azenv_now_absent" = "$__azenv_seen_absent"
        builtin set -g __azenv_erase $__azenv_shape_sets
        builtin set -g __azenv_restore $__azenv_saved
        return
    end
    builtin set -g __azenv_erase
    builtin set -g __azenv_restore
    builtin set -l value
    builtin string match -qra '(?<value>[^\x1f]*)\x1f' -- $__azenv_joined\x1f
    for i in $__azenv_numbers
        builtin set -l name $__azenv_names[$i]
        switch "$__azenv_shape_kinds[$i]"
            case '='
                builtin set -qg $name; and builtin test "x$$name" = "x$value[$i]"; or continue
                builtin set -a __azenv_erase $name
            case -
                # A universal variable is hidden by an empty global one, which is still ours.
                if builtin set -qg $name
                    builtin set -qU $name; and builtin test -z "$$name"; or continue
                    builtin set -a __azenv_erase $name
                end
            case '*'
                continue
        end
        builtin contains -- $i $__azenv_saved; and builtin set -a __azenv_restore $i
    end
end

function __azenv_put_back -a i
    builtin set -l name $__azenv_names[$i]
    builtin set -l how __azenv_how_$i
    builtin set -l old __azenv_old_$i
    switch "$$how"
        case exported
            builtin set -gx --unpath $name $$old
        case 'exported path'
            builtin set -gx --path $name $$old
        case unexported
            builtin set -gu --unpath $name $$old
        case 'unexported path'
            builtin set -gu --path $name $$old
        case inherited # from a parent shell, as text: fish itself knows which names are lists
            builtin set -gx $name $$old
        case '*' # universal: left exactly as it is
            builtin set -eg $name
    end
end

function __azenv_run_leave
    builtin set -g __azenv_journal leave
    builtin set -eg $__azenv_erase
    for i in $__azenv_restore
        __azenv_put_back $i
    end
    builtin set -eg __AZENV_UNDO
    builtin set -g __azenv_applied
    builtin set -g __azenv_journal ''
end

# Remember what the user has in a name of the table: as a list, a path, exported or not.
function __azenv_save -a i
    builtin set -l name $__azenv_names[$i]
    builtin set -a __azenv_saved $i
    if not builtin set -qg $name
        builtin set -g __azenv_how_$i universal
        return
    end
    builtin set -g __azenv_old_$i $$name
    builtin set -l path ''
    builtin set -qg --path $name; and builtin set path ' path'
    if not builtin set -qgx $name
        builtin set -g __azenv_how_$i "unexported$path"
        return
    end
    builtin set -g __azenv_how_$i "exported$path"
    # Only what every process sees anyway enters the exported undo.
    builtin contains -- $i $__azenv_sec; and return
    builtin string match -q '*'\x1f'*' -- "$$name"; and return
    builtin set -g __azenv_undo_tail "$__azenv_undo_tail$i"\x1f"$$name"\x1f
end

function __azenv_plan_enter
    builtin set -g __azenv_saved
    builtin set -g __azenv_undo_tail ''
    builtin set -g __azenv_remove
    builtin set -g __azenv_soft_as '='
    builtin test "$__azenv_now_absent" = "$__azenv_all_absent"; and return
    builtin set -l kind
    builtin string match -qra '(?<kind>.)' -- $__azenv_goal[2]
    for i in $__azenv_numbers
        builtin set -l name $__azenv_names[$i]
        builtin set -q $name; or continue
        if builtin test "$kind[$i]" = .
            continue
        else if builtin test "$kind[$i]" = '?'
            builtin set -g __azenv_soft_as .
            continue
        else if builtin test "$kind[$i]" = -
            builtin set -a __azenv_remove $name
        end
        __azenv_save $i
    end
end

function __azenv_run_enter
    builtin set -g __azenv_journal enter
    builtin test "$__azenv_new_kinds" = "$__azenv_shape_of"; or __azenv_shape $__azenv_new_kinds
    if builtin set -q __azenv_remove[1]
        builtin set -eg $__azenv_remove
        for name in $__azenv_remove
            # Still there: a universal variable. An empty exported global hides it from children.
            if builtin set -qx $name
                builtin set -gx $name
            else if builtin set -q $name
                builtin set -gu $name
            end
        end
    end
    builtin test -n "$__azenv_shape_put"; and __azenv_put
    for i in $__azenv_shape_rest
        builtin set -gx $__azenv_names[$i] $__azenv_goal_values[$i]
    end
    builtin set -gx __AZENV_UNDO $__azenv_layout\x1f$__azenv_goal[1]\x1f$__azenv_new_kinds\x1f$__azenv_goal_joined\x1f$__azenv_undo_tail
    builtin set -g __azenv_applied $__azenv_goal[1..5]
    builtin set -g __azenv_kinds $__azenv_new_kinds
    builtin set -g __azenv_joined $__azenv_goal_joined
    if builtin test "$__azenv_plain" = entered
        # All that is set is ours: how many names that is depends on the kinds alone.
        builtin set -g __azenv_seen $__azenv_goal_snapshot
        if builtin test "$__azenv_new_kinds" != "$__azenv_counted_for"
            __azenv_count
            builtin set -g __azenv_counted $__azenv_now_absent
            builtin set -g __azenv_counted_for $__azenv_new_kinds
        end
        builtin set -g __azenv_seen_absent $__azenv_counted
    else if builtin test "$__azenv_plain" = seen
        builtin set -g __azenv_seen $__azenv_goal_snapshot
    else
        __azenv_snap
        builtin set -g __azenv_seen "$__azenv_now"
        builtin set -g __azenv_seen_absent $__azenv_now_absent
        # Of the names that a context may set only ours are: so it stays while the kinds do.
        builtin test "$__azenv_now" = "$__azenv_goal_snapshot"; and builtin set -g __azenv_plain seen
    end
    builtin set -g __azenv_journal ''
end

# What does the table hold, and has nobody touched it since we did?
#
# A function of the user's may hold exported locals of these names; fish shows copies of them to
# whatever it calls. What counts is the global variable: the caller drops its copies, then looks
# again.
function __azenv_untouched
    __azenv_snap
    builtin test "$__azenv_now" = "$__azenv_seen" -a "$__azenv_now_absent" = "$__azenv_seen_absent"
end

function __azenv_leave
    if not builtin set -q __azenv_applied[1]
        __azenv_adopt; or return 1
    end
    if not __azenv_untouched
        builtin set -el $__azenv_names
        __azenv_snap
    end
    __azenv_plan_leave
    __azenv_run_leave
end

# Switch to __azenv_goal with __azenv_goal_values.
function __azenv_switch
    builtin set -l inherited
    if not builtin set -q __azenv_applied[1]; and builtin set -q __AZENV_UNDO
        __azenv_adopt; and builtin set inherited $__azenv_joined
    end
    if builtin set -q __azenv_applied[1]; and __azenv_untouched; and builtin test "$__azenv_goal[2]" = "$__azenv_applied[2]"
        # Same shape: the old values stay as they are, only ours change.
        builtin set -g __azenv_remove
    else
        __azenv_count
        if builtin test "$__azenv_now_absent" != "$__azenv_all_absent"
            builtin set -el $__azenv_names
        end
        if builtin set -q __azenv_applied[1]
            __azenv_snap
            __azenv_plan_leave
            __azenv_run_leave
        end
        __azenv_count
        # Where nothing of the table is set before, all that is set afterwards is ours.
        builtin set -g __azenv_plain ''
        builtin test "$__azenv_now_absent" = "$__azenv_all_absent"; and builtin set -g __azenv_plain entered
        __azenv_plan_enter
    end
    builtin set -g __azenv_new_kinds $__azenv_goal[3]
    builtin set -g __azenv_goal_joined $__azenv_goal[4]
    builtin set -g __azenv_goal_snapshot $__azenv_goal[6]
    if builtin test "$__azenv_soft_as" = .
        builtin set -g __azenv_new_kinds $__azenv_goal[5]
        builtin test "$__azenv_new_kinds" = "$__azenv_goal[2]"; or builtin set __azenv_goal_values[$__azenv_soft] ''
        builtin set -l snapshot $__azenv_goal_values\x1f
        builtin set -g __azenv_goal_snapshot "$snapshot"
        __azenv_join
    end
    __azenv_run_enter
    # A shell that finds what its parent has applied has nothing to tell.
    builtin set -q inherited[1]; and builtin test "$inherited" = "$__azenv_joined" -a "$__azenv_goal[1]" != none; and builtin set -g __azenv_said $__azenv_goal[7]
    return 0
end

function __azenv_recover
    switch "$__azenv_journal"
        case leave
            __azenv_run_leave
        case enter
            builtin set -g __azenv_plain ''
            __azenv_run_enter
    end
end

# Take over what a parent shell has applied: fails where there is nothing (left) to take back.
function __azenv_adopt
    builtin set -l field
    builtin string match -qra '(?<field>[^\x1f]*)\x1f' -- $__AZENV_UNDO\x1f
    if builtin test "$field[1]" != "$__azenv_layout"
        builtin string match -qr '^[0-9a-f]{12}$' -- "$field[1]"; and __azenv_reverse_foreign
        builtin set -eg __AZENV_UNDO
        return 1
    end
    if not builtin set -q field[$__azenv_undo_length]; or not builtin string match -qr $__azenv_kinds_pattern -- "$field[3]"
        # Garbled, or forged: data that fits nothing is dropped.
        builtin set -eg __AZENV_UNDO
        return 1
    end
    builtin set -g __azenv_kinds $field[3]
    builtin string match -qr '(?s)^(?:[^\x1f]*\x1f){3}(?<__azenv_joined>(?:[^\x1f]*\x1f){'$__azenv_joints'}[^\x1f]*)' -- $__AZENV_UNDO
    builtin set -g __azenv_seen \x01
    builtin set -g __azenv_saved
    builtin set -g __azenv_undo_tail ''
    builtin set -e field[1..$__azenv_undo_length]
    while builtin set -q field[2]
        if builtin contains -- "$field[1]" $__azenv_numbers
            builtin set -a __azenv_saved $field[1]
            builtin set -g __azenv_how_$field[1] inherited
            builtin set -g __azenv_old_$field[1] $field[2]
        end
        builtin set -e field[1..2]
    end
    builtin set -g __azenv_applied inherited ''
end

# The undo of another table: the program knows its names; they come back as data, all or nothing.
function __azenv_reverse_foreign
    __azenv_program_is_there; or return 1
    builtin set -l field
    command $__azenv_python -I $__azenv_launcher hook undo "$__azenv_root" </dev/null | builtin read -z -d \x1f -a field
    builtin test "$field[-1]" = .; or return 1
    builtin set -e field[-1]
    builtin set -l left $field
    while builtin set -q left[1]
        builtin set -q left[3]; or return 1
        builtin string match -qr '^(AZ|ARM_|ANSIBLE_|AAD_|KUBE|MSI_|IDENTITY_)[A-Z0-9_]*$' -- $left[1]; or return 1
        builtin set -e left[1..3]
    end
    while builtin set -q field[3]
        builtin set -el $field[1]
        if builtin test "$field[2]" = x
            builtin set -gx $field[1] $field[3]
        else
            builtin set -eg $field[1]
        end
        builtin set -e field[1..3]
    end
end

# --- Walking and reading -----------------------------------------------------------------------

# Read a pin into __azenv_read; a reason in __azenv_fault where it cannot be used. Not a regular
# file (a FIFO would hang the prompt), longer than 4,096 bytes, NUL: no pin.
function __azenv_read_pin -a path
    builtin set -g __azenv_fault ''
    builtin set -g __azenv_read ''
    if builtin test ! -f $path -o ! -r $path -o -L $path
        builtin set -g __azenv_fault 'not a plain readable file'
        return
    end
    # fish counts bytes here and gives nothing of a longer file: it cannot slow the prompt down.
    builtin set -l fish_read_limit 4096
    builtin read -z __azenv_read <$path
    if builtin test $status -gt 1; or builtin string match -qr '\x00' <$path
        builtin set -g __azenv_fault 'longer than 4096 bytes, or holds NUL'
    else if builtin string match -q \ufeff'*' -- "$__azenv_read"
        builtin set -g __azenv_fault 'begins with a byte order mark'
    end
end

# Find the nearest pin above the logical directory that is neither denied nor another user's
# nuisance: __azenv_found, with its content (__azenv_read), __azenv_fault, and the verdict. What has
# been seen on the way goes into __azenv_seen_there as conditions of `test`; empty where the answer
# cannot be told by them. With `ask`, the program is started where no record answers.
function __azenv_walk -a ask
    builtin set -g __azenv_found ''
    builtin set -g __azenv_verdict ''
    builtin set -g __azenv_seen_there
    builtin set -l conditions
    builtin set -l settled 1
    builtin set -l below $PWD
    builtin string match -q '*/' -- $below; and builtin set below ''
    while builtin true
        builtin set -l pin $below/.azenv.toml
        if builtin test ! -e $pin
            builtin set -a conditions -a ! -e $pin
        else
            if __azenv_counts $pin $ask
                builtin set -g __azenv_found $pin
                builtin set -a conditions -a -f $pin -a -r $pin -a ! -L $pin
                builtin test -z "$__azenv_fault"; or builtin set settled ''
                break
            end
            builtin set settled ''
        end
        builtin test -n "$below"; or break
        builtin string match -qr '(?s)^(?<below>.*)/' -- $below; or break
    end
    builtin test -n "$settled"; and builtin set -g __azenv_seen_there $conditions
    builtin test -n "$__azenv_found"
end

# Does this pin count? A denied one is as if it were not there; so is one that another user made
# unreadable: else one file in /tmp would block everybody.
function __azenv_counts -a pin ask
    builtin set -g __azenv_verdict ''
    __azenv_read_pin $pin
    if builtin test -n "$__azenv_fault"
        builtin test -O $pin; and return 0
        if builtin test -n "$ask"; and not builtin contains -- $pin $__azenv_ignored
            builtin set -a __azenv_ignored $pin
            __azenv_clean_path $pin
            __azenv_say "another user's pin is ignored: $__azenv_cleaned"
        end
        return 1
    end
    if not __azenv_recall $pin "$__azenv_read"
        builtin test -n "$ask"; or return 0
        builtin contains -- "$pin"\x1f"$__azenv_read" $__azenv_refused; and return 0
        __azenv_find_root; or return 0
        __azenv_ask pin $__azenv_root $pin fish
        __azenv_read_generation
        if not __azenv_recall $pin "$__azenv_read"
            builtin set -a __azenv_refused "$pin"\x1f"$__azenv_read"
            return 0
        end
    end
    builtin test "$__azenv_verdict" != denied
end

# --- Deciding ----------------------------------------------------------------------------------

# A record that cannot be used is a context that is gone.
function __azenv_load_or_block -a id source
    if builtin test "$id" = none
        __azenv_block $source chosen
    else if not __azenv_load $id $source
        __azenv_block $source 'the context is gone'
    end
end

function __azenv_decide_by_choice
    builtin set -l deadline $__azenv_root/until/$__AZENV_UNTIL
    if builtin set -q __AZENV_UNTIL
        # A missing deadline is one that has passed.
        __azenv_touch_clock
        if not builtin string match -qr '^[0-9A-Za-z._-]+$' -- $__AZENV_UNTIL
            or builtin test ! -f $deadline -o ! -e $__azenv_clock -o $__azenv_clock -nt $deadline
            __azenv_block choice 'the time is up'
            return
        end
        builtin set -a __azenv_conditions -a ! $__azenv_clock -nt $deadline -a -f $deadline
    end
    __azenv_load_or_block $__AZENV_CHOICE choice
end

function __azenv_decide_by_pin
    if builtin test -n "$__azenv_fault"
        __azenv_block pin $__azenv_fault
        return
    end
    switch "$__azenv_verdict"
        case context
            __azenv_load_or_block $__azenv_argument pin
        case blocked
            __azenv_block pin "$__azenv_argument"
        case '*'
            __azenv_block pin 'not trusted; review it, then: azenv allow'
    end
end

# A choice masks a pin that would select something else: told on coming into its directory.
function __azenv_tell_masked
    if builtin test -z "$__AZENV_CHOICE"
        builtin set -g __azenv_masked ''
        return
    end
    __azenv_walk
    builtin test "$__azenv_found" = "$__azenv_masked"; and return
    builtin set -g __azenv_masked $__azenv_found
    builtin test -z "$__azenv_found" -o "$PWD" = "$__azenv_last_directory" -o "$AZENV_QUIET" = 1; and return
    builtin test "$__azenv_goal[1]" = none -o "$__azenv_verdict$__azenv_argument" = "context$__azenv_goal[1]"; and return
    __azenv_clean_path $__azenv_found
    builtin set -l path $__azenv_cleaned
    __azenv_clean "$AZENV_CONTEXT"
    __azenv_say "this directory is pinned ($path), but your choice $__azenv_cleaned is in force; azenv use --follow"
end

function __azenv_touch_clock
    builtin set -g __azenv_clock $__azenv_root/clock.$fish_pid
    __azenv_is_usable $__azenv_root; or return
    builtin set -g __azenv_made_files 1
    builtin true >$__azenv_clock
end

# --- The hook ----------------------------------------------------------------------------------

# Quiet, it is one `test` and one `read`: the guard holds every condition of the answer.
function __azenv_refresh
    builtin set -q __AZENV_UNTIL; and __azenv_touch_clock
    if builtin test "$PWD:$__AZENV_CHOICE:$__AZENV_UNTIL" = $$__azenv_guard
        builtin test -z "$__azenv_goal[8]"; and return
        builtin set -l fish_read_limit 4096
        # `read` stops at a NUL; a pin that holds one is no longer the one that was trusted.
        builtin read -z __azenv_text <$__azenv_goal[8]
        builtin test "x$__azenv_text" = "x$__azenv_goal[9]"; and not builtin string match -qr '\x00' <$__azenv_goal[8]; and return
    end
    builtin set -g __azenv_busy 1
    builtin set -g __azenv_guard __azenv_never
    builtin set -l place "$PWD:$__AZENV_CHOICE:$__AZENV_UNTIL"
    builtin test -z "$__azenv_journal"; or __azenv_recover
    builtin set -l slot
    if builtin string match -qr $__azenv_slot_pattern -- $place\x1f$__azenv_index; and __azenv_still_holds $slot
        __azenv_arrive $slot
    else
        __azenv_look $place
    end
    builtin test -z "$__AZENV_CHOICE$__azenv_masked"; or __azenv_tell_masked
    builtin set -g __azenv_last_directory $PWD
    builtin set -g __azenv_busy ''
end

# Does a remembered answer hold? `place` and `slot` are the caller's.
function __azenv_still_holds --no-scope-shadowing
    builtin set -l guard __azenv_guard_$slot
    builtin test "$place" = $$guard; or return 1
    builtin set -l goal __azenv_goal_$slot
    builtin test -n "$$goal[1][8]"; or return 0
    builtin set -l fish_read_limit 4096
    builtin read -z __azenv_text <$$goal[1][8]
    builtin test "x$__azenv_text" = "x$$goal[1][9]"; and not builtin string match -qr '\x00' <$$goal[1][8]
end

# Find the answer for a place, and how to tell that it still holds.
function __azenv_look -a place
    builtin test -n "$__azenv_generation" -a -e "$__azenv_generation"; or __azenv_read_generation
    builtin set -g __azenv_conditions
    builtin set -g __azenv_goal_id ''
    builtin set -g __azenv_found ''
    builtin set -l settled 1
    if builtin test -n "$__AZENV_CHOICE"
        __azenv_find_root
        __azenv_decide_by_choice
    else
        if __azenv_walk ask
            __azenv_find_root
            __azenv_decide_by_pin
        end
        builtin set __azenv_conditions $__azenv_seen_there
        builtin set -q __azenv_seen_there[1]; or builtin set settled ''
    end
    if builtin test -n "$__azenv_goal_id"
        __azenv_ensure_overlay; or builtin set settled ''
    end
    if builtin test -n "$__azenv_generation"
        builtin set -p __azenv_conditions -a -e $__azenv_generation
    else
        builtin set settled ''
    end
    if builtin test -n "$settled"; and not builtin string match -q '*'\x1f'*' -- $place
        __azenv_pick_slot $place
        __azenv_remember $__azenv_slot $place
        __azenv_arrive $__azenv_slot
    else
        # An answer that no guard can hold: looked for again at each prompt.
        __azenv_remember 0 \x01
        __azenv_arrive 0
    end
end

# Is the overlay there, and not older than what it is made from? If not the program is started,
# once. Fails where the answer cannot be guarded: without a runtime directory.
function __azenv_ensure_overlay
    if builtin test -z "$__azenv_root"
        __azenv_block $__azenv_goal_source 'the runtime directory is not yours'
        return 1
    end
    builtin set -l overlay $__azenv_goal_values[1]
    builtin set -l fresh -O $__azenv_root -a ! -L $__azenv_root \
        -a -f $overlay/azureProfile.json -a ! $overlay/azureProfile.json -nt $overlay/.stamp \
        -a ! $__azenv_base/msal_token_cache.json -nt $overlay/.stamp
    if not builtin contains -- $overlay $__azenv_stuck
        if builtin test $fresh
            builtin set -a __azenv_conditions -a $fresh
            return 0
        end
        __azenv_ask overlay $__azenv_root $__azenv_goal_id fish
        __azenv_read_generation
        if builtin test $fresh
            builtin set -a __azenv_conditions -a $fresh
            return 0
        end
        # Not asked again at each prompt.
        builtin set -a __azenv_stuck $overlay
    end
    builtin set -a __azenv_conditions -a -d $__azenv_root -a -O $__azenv_root -a ! -L $__azenv_root
    return 0
end

# Choose where to remember a place: eight of them, the oldest goes.
function __azenv_pick_slot -a place
    builtin set -l slot
    if builtin string match -qr $__azenv_slot_pattern -- $place\x1f$__azenv_index
        builtin set -g __azenv_slot $slot
        return
    end
    builtin set -g __azenv_slot $__azenv_slots[1]
    builtin set -g __azenv_slots $__azenv_slots[2..8] $__azenv_slots[1]
    builtin set __azenv_keys[$__azenv_slot] $place
    builtin set -g __azenv_index ''
    for i in 1 2 3 4 5 6 7 8
        builtin test -n "$__azenv_keys[$i]"; and builtin set -g __azenv_index $__azenv_index$i:$__azenv_keys[$i]\x1f
    end
end

# Remember an answer. __azenv_goal_<slot> is: id, kinds, kinds with the soft name set, values joined,
# kinds with the soft name left alone, the snapshot of these values, the line to tell, the pin and its
# content. Where nothing is called for all but the last two are empty.
function __azenv_remember -a slot place
    builtin set -g __azenv_guard_$slot $place $__azenv_conditions
    if builtin test -z "$__azenv_goal_id"
        builtin set -g __azenv_goal_$slot '' '' '' '' '' '' '' "$__azenv_found" "$__azenv_read"
        return
    end
    __azenv_word_goal
    # `?`, the one name that is set only where the user has none of his own, becomes `=` or `.`.
    builtin set -l before
    builtin set -l after
    builtin set -l soft $__azenv_goal_kinds $__azenv_goal_kinds
    if builtin string match -qr '^(?<before>[^?]*)\?(?<after>.*)$' -- $__azenv_goal_kinds
        builtin set soft "$before=$after" "$before.$after"
    end
    builtin set -l snapshot $__azenv_goal_values\x1f
    builtin set -g __azenv_goal_$slot $__azenv_goal_id $__azenv_goal_kinds $soft[1] $__azenv_goal_joined $soft[2] \
        "$snapshot" $__azenv_line "$__azenv_found" "$__azenv_read"
    builtin set -g __azenv_values_$slot $__azenv_goal_values
end

# Says which context is active here, to whoever must know that no session needs it any more.
function __azenv_mark
    builtin test -n "$__azenv_root" -a -d "$__azenv_root/active"; and builtin printf %s "$argv" >$__azenv_root/active/$fish_pid
end

# Do what a remembered answer calls for. The guard is set last: whatever ends this before, the next
# run comes here again.
function __azenv_arrive -a slot
    builtin set -l goal __azenv_goal_$slot
    builtin set -g __azenv_goal $$goal
    if builtin test -n "$__azenv_goal[1]"
        if builtin test -n "$__azenv_asked" -o "$__azenv_goal[1..5]" != "$__azenv_applied"
            builtin set -g __azenv_asked ''
            builtin set -l values __azenv_values_$slot
            builtin set -g __azenv_goal_values $$values
            __azenv_switch
            __azenv_mark $__azenv_goal[1]
        end
        if builtin test "$__azenv_goal[7]" != "$__azenv_said"
            builtin set -g __azenv_said $__azenv_goal[7]
            builtin test "$AZENV_QUIET" = 1 -a "$__azenv_goal[1]" != none; or __azenv_say $__azenv_said
        end
    else
        if builtin set -q __AZENV_UNDO
            builtin set -l line 'no context (left the pinned directory)'
            builtin test "$AZENV_SOURCE" = choice; and builtin set line 'no context (choice dropped)'
            if __azenv_leave
                __azenv_mark
                builtin test "$AZENV_QUIET" = 1; or __azenv_say $line
            end
        end
        builtin set -g __azenv_said ''
    end
    builtin set -g __azenv_guard __azenv_guard_$slot
end

# --- The public function -----------------------------------------------------------------------

function azenv --description 'Give every shell and every directory its own Azure context'
    builtin set -g __azenv_hinted ''
    __azenv_program_is_there; or return 127
    if builtin set -q _AZENV_COMPLETE
        command $__azenv_python -I $__azenv_launcher $argv
        return
    end
    # The program gets, for this one call, where it may leave mail for this shell, and a nonce.
    builtin set -g __azenv_root_asked ''
    builtin set -l fish_read_limit 1048576
    builtin set -l mail
    builtin set -l nonce (builtin random)(builtin random)(builtin random)
    if __azenv_find_root
        builtin set mail $__azenv_root/mail/$fish_pid.(builtin random)(builtin random)
        __AZENV_MAIL=$mail __AZENV_NONCE=$nonce __AZENV_SHELL=fish command $__azenv_python -I $__azenv_launcher $argv
    else
        __AZENV_SHELL=fish command $__azenv_python -I $__azenv_launcher $argv
    end
    builtin set -l result $status
    if builtin test -n "$mail" -a -f "$mail" -a -O "$mail" -a ! -L "$mail"
        if __azenv_open_mail $mail $nonce
            # What is asked for by name is put in force whole, even where it is already.
            builtin set -g __azenv_asked 1
            builtin set -g __azenv_guard __azenv_never
            __azenv_refresh
        end
    else if builtin test -z "$__azenv_busy"; and builtin functions -q __azenv_on_prompt
        # What `azenv allow` or `pin` changed counts for the next command of the same line.
        __azenv_refresh
    end
    return $result
end

# All of the mail is checked before any of it is applied; a choice never stands without its deadline.
function __azenv_open_mail -a path nonce
    builtin set -l fish_trace # the key of a session may be in it
    builtin set -l fish_read_limit 4096
    builtin set -l field
    builtin read -z -d \x1f -a field <$path
    builtin true >$path
    builtin set -g __azenv_made_files 1
    builtin test (builtin count $field) -eq 7 -a "$field[1]" = "$nonce" -a "$field[7]" = .; or return 1
    for name in $field[3..5]
        builtin string match -qr '^[0-9A-Za-z._-]*$' -- $name; or return 1
    end
    builtin string match -qr '^(-|[0-9a-f-]+\.[0-9A-Za-z_-]+)?$' -- $field[6]; or return 1
    if builtin test "$field[2]" = choice -a -n "$field[3]"
        builtin test -z "$field[4]"; or builtin set -gx __AZENV_UNTIL $field[4]
        builtin set -gx __AZENV_CHOICE $field[3]
        builtin test -n "$field[4]"; or builtin set -eg __AZENV_UNTIL
    else if builtin test "$field[2]" = follow
        builtin set -eg __AZENV_CHOICE
        builtin set -eg __AZENV_UNTIL
    else if builtin test "$field[2]" != keep
        return 1
    end
    # The session's own records have changed: what is remembered counts no more.
    builtin test -z "$field[6]"; or builtin set -g __azenv_generation ''
    if builtin test "$field[6]" = -
        builtin set -eg AZENV_SESSION
    else if builtin test -n "$field[6]"
        builtin set -gx AZENV_SESSION $field[6]
    end
    if builtin test "$field[2]" = keep
        return 0
    else if builtin test -n "$field[5]"
        builtin set -gx __AZENV_PREVIOUS $field[5]
    else
        builtin set -eg __AZENV_PREVIOUS
    end
    return 0
end

# --- Installation ------------------------------------------------------------------------------

# direnv asks its program at the prompt only, and gives back at leaving what it found at entering.
# Where it has a say it must come first, or it would bring back a context that has been left.
function __azenv_waits_for_direnv
    builtin functions -q __direnv_export_eval; or return 1
    builtin functions -q __direnv_cd_hook; and builtin test "$direnv_fish_mode" != eval_after_arrow; and return 1
    builtin set -q DIRENV_DIR; and return 0
    builtin set -l below $PWD
    while builtin test ! -e $below/.envrc -a ! -e $below/.env
        builtin string match -qr '(?s)^(?<below>.*)/' -- $below; and builtin test -n "$below"; or return 1
    end
end

# Handlers of one event run in the order of their definition, and direnv and mise define some anew
# at each prompt: so does azenv, to stay behind them.
function __azenv_register
    function __azenv_on_prompt --on-event fish_prompt
        builtin set -g __azenv_busy ''
        __azenv_refresh
        __azenv_register
    end
    # Only from the first prompt on: nothing is done or printed while config.fish runs.
    function __azenv_on_directory --on-variable PWD
        builtin test -n "$__azenv_busy"; or __azenv_waits_for_direnv; or __azenv_refresh
    end
    # After ctrl-C in the hook: no command runs in a half-done change.
    function __azenv_on_command --on-event fish_preexec
        builtin test "$__azenv_guard" = __azenv_never; and __azenv_refresh
    end
end

if builtin status is-interactive; and not builtin set -q CI; and not builtin set -q TF_BUILD; and not builtin set -q GITHUB_ACTIONS
    function __azenv_on_prompt --on-event fish_prompt
        __azenv_refresh
        __azenv_register
    end
end

# --- End of session ----------------------------------------------------------------------------

function __azenv_on_exit --on-event fish_exit
    builtin test -n "$__azenv_made_files" -a -n "$__azenv_root"; and __azenv_ask end $__azenv_root $fish_pid
end

# --- Sources ------------------------------------------------------------------------------------

# At each call fish counts the lines from the beginning of a function's source. What runs at a prompt
# or at a change of directory gets a short source of its own: that takes a third of the time.
begin
    builtin set -l name
    for name in __azenv_refresh __azenv_register __azenv_on_prompt __azenv_still_holds __azenv_arrive \
        __azenv_switch __azenv_mark __azenv_run_enter __azenv_run_leave __azenv_plan_enter \
        __azenv_plan_leave __azenv_untouched __azenv_leave __azenv_snap __azenv_count \
        __azenv_join __azenv_say __azenv_waits_for_direnv
        builtin functions -q $name; and builtin functions $name | builtin source
    end
end
