# Completions of azenv for fish 3.4 and later. `azenv completion fish` prints the rules, generated
# from the command line's own declarations, and then this file.
#
# No process is started and nothing is evaluated: names of contexts are chosen by strangers. They
# are read from a file and printed for fish, which matches and quotes them.

# Prints the names of the contexts, each after the text $argv[1].
function __azenv_complete_names
    builtin set -l state "$__azenv_state"
    if builtin test -z "$state"
        if builtin test -n "$AZENV_HOME"
            builtin set state $AZENV_HOME/state
        else if builtin test -d "$HOME/Library/Application Support"
            builtin set state "$HOME/Library/Application Support/azenv"
        else if builtin test -n "$XDG_STATE_HOME"
            builtin set state $XDG_STATE_HOME/azenv
        else
            builtin set state "$HOME/.local/state/azenv"
        end
        builtin set state $state/$__azenv_complete_layout
    end
    # What this session has kept to itself comes along.
    builtin set -l session $__azenv_root/session/(builtin string split -f 1 . -- $AZENV_SESSION)
    for file in $state/names $session/names
        builtin test -f $file -a -r $file; or continue
        if builtin test -z "$argv[1]"
            builtin string match -- '*' <$file
        else
            builtin string replace -r -- '^' "$argv[1]" <$file
        end
    end
end

# Prints what the value of the switch $argv[1] is; nothing where it takes none.
function __azenv_complete_value
    builtin set -l spelling (builtin string replace -r '=.*' '' -- $argv[1])
    # `-yo` is `-y -o`: the last letter takes the next word
    if not builtin string match -q -- '--*' $argv[1]
        builtin set spelling -(builtin string sub -s -1 -- $argv[1])
    end
    for row in $__azenv_complete_switches
        builtin set -l fields (builtin string split -m 2 '|' -- $row)
        if builtin contains -- $spelling (builtin string split , -- $fields[1])
            builtin printf '%s\n' $fields[2]
        end
    end
end

# Prints what may stand at the place $argv[1]: the last operand may repeat.
function __azenv_complete_kind
    if builtin test $argv[1] -le (builtin count $__azenv_complete_operands)
        builtin printf '%s\n' $__azenv_complete_operands[$argv[1]]
    else if builtin string match -q -- '*...*' "$__azenv_complete_operands[-1]"
        builtin printf '%s\n' $__azenv_complete_operands[-1]
    end
end

# Prints what stands for the value $argv[1], after the text $argv[2] (`--output=`).
function __azenv_complete_offer
    for word in (builtin string split -n ' ' -- $argv[1])
        switch $word
            case @context
                __azenv_complete_names $argv[2]
            case @file
                __fish_complete_path (builtin commandline -ct)
            case @directory
                __fish_complete_directories (builtin commandline -ct) ''
            case '@*' '...'
            case '*'
                builtin printf '%s\n' "$argv[2]$word"
        end
    end
end

# Prints rows, `name|help` or `names|value|help`, as fish wants them.
function __azenv_complete_rows
    for row in $argv
        builtin set -l fields (builtin string split '|' -- $row)
        for spelling in (builtin string split , -- $fields[1])
            builtin printf '%s\t%s\n' $spelling $fields[-1]
        end
    end
end

# Follows the words before the cursor, $argv, with the one under it as the last; fails where a verb
# is unknown. Sets the caller's kind, pending (the value that is due), over (no options any more),
# and index: where the walk ended.
function __azenv_complete_walk --no-scope-shadowing
    builtin set -l given 0
    builtin set -l place 1
    __azenv_rules ''
    for word in $argv[2..-1]
        builtin set index (builtin math $index + 1)
        builtin set kind (__azenv_complete_kind $place)
        if builtin test -n "$pending"
            builtin test $index -lt (builtin count $argv); or return 0
            builtin set pending ''
        else if builtin test -z "$over" -a "$word" = -- -a $index -lt (builtin count $argv)
            builtin set over 1
        else if builtin string match -q -- '*@command*' "$kind"
            and begin
                builtin test -n "$over" -o $given -gt 0
                or not builtin string match -q -- '-*' $word
            end
            return 0
        else if builtin test $index -eq (builtin count $argv)
            builtin set kind (builtin string replace @command '' -- "$kind")
            return 0
        else if builtin test -z "$over"; and builtin string match -q -- '-?*' $word
            builtin set -l value (__azenv_complete_value $word)
            if builtin test "$value" = @skip
                builtin set place (builtin math $place + 1)
            else if not builtin string match -q -- '--*=*' $word
                builtin set pending "$value"
            end
        else if builtin set -q __azenv_complete_verbs[1]
            builtin set path (builtin string trim -- "$path $word")
            __azenv_rules $path; or return 1
        else
            builtin set place (builtin math $place + 1)
            builtin set given (builtin math $given + 1)
        end
    end
end

function __azenv_complete
    builtin set -l words (builtin commandline -opc)
    builtin set -l current (builtin commandline -ct)
    builtin set -l index 1
    builtin set -l path ''
    builtin set -l pending ''
    builtin set -l over ''
    builtin set -l kind ''
    # variables may stand before the command: A=1 azenv use
    while builtin string match -q -- '*=*' $words[1]
        builtin set -e words[1]
    end
    __azenv_complete_walk $words "$current"; or return
    if builtin test -n "$pending"
        __azenv_complete_offer $pending
    else if builtin string match -q -- '*@command*' "$kind"
        builtin set -l line (builtin string escape -- $words[$index..-1]) "$current"
        builtin complete -C "$line"
    else if builtin test -z "$over"; and builtin string match -q -- '--*=*' $current
        __azenv_complete_offer "$(__azenv_complete_value $current)" (builtin string replace -r '=.*' = -- $current)
    else if builtin test -z "$over"; and builtin string match -q -- '-*' $current
        __azenv_complete_rows $__azenv_complete_switches
        if builtin contains -- - (builtin string split ' ' -- "$kind")
            builtin printf '%s\n' -
        end
    else if builtin set -q __azenv_complete_verbs[1]
        __azenv_complete_rows $__azenv_complete_verbs
    else
        __azenv_complete_offer "$kind"
    end
end

# Once: fish may read this file from its own directories after `azenv init` had it read.
if not builtin set -qg __azenv_complete_declared
    builtin set -g __azenv_complete_declared 1
    builtin complete -c azenv -f -k -a '(__azenv_complete)'
end
