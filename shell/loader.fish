# Ends what `azenv init fish` prints: completions, read at the first TAB. Reading them at each start
# of a shell would cost more than the whole hook does in a minute.

function __azenv_complete
    builtin test -f "$__azenv_completions"; or return
    builtin source $__azenv_completions # which defines this function anew
    __azenv_complete
end

if builtin status is-interactive; and not builtin set -qg __azenv_complete_declared
    builtin set -g __azenv_complete_declared 1
    builtin complete -c azenv -f -k -a '(__azenv_complete)'
end
