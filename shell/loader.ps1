# Ends what `azenv init powershell` prints: completions, read at the first TAB. Reading them at each
# start of a shell would cost more than the whole hook does in a minute.

Register-ArgumentCompleter -Native -CommandName azenv -ScriptBlock {
    param($Word, $Ast, $Cursor)
    if ([IO.File]::Exists($Global:__azenv_completions)) {
        . $Global:__azenv_completions
        __azenv_complete $Ast $Cursor
    }
}
