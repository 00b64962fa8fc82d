# Completions of azenv for PowerShell 5.1 and 7. `azenv completion powershell` prints the rules,
# generated from the command line's own declarations, and then this file.
#
# No process is started, azenv itself least of all (a completer that calls the program by its name
# would call the function azenv), and nothing is evaluated: names of contexts are chosen by
# strangers. They are read from a file, compared, and quoted.

# Constrained Language Mode forbids .NET calls: stop before the first one, in silence
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { return }

function Global:__azenv_complete_names {
    $loaded = $ExecutionContext.SessionState.PSVariable.GetValue('Global:__azenvP')
    if ($loaded) { $state = $loaded.State } else {
        $userHome = [Environment]::GetFolderPath('UserProfile')
        if ($env:AZENV_HOME) {
            $state = [IO.Path]::Combine($env:AZENV_HOME, 'state')
        } elseif ([IO.Path]::DirectorySeparatorChar -eq '\') {
            $state = [IO.Path]::Combine([Environment]::GetFolderPath('LocalApplicationData'), 'azenv')
        } elseif ([IO.Directory]::Exists("$userHome/Library/Application Support")) {
            $state = "$userHome/Library/Application Support/azenv"
        } elseif ($env:XDG_STATE_HOME) {
            $state = "$env:XDG_STATE_HOME/azenv"
        } else {
            $state = "$userHome/.local/state/azenv"
        }
        $state = [IO.Path]::Combine($state, $Global:__azenvCompleteLayout)
    }
    $file = [IO.Path]::Combine($state, 'names')
    $names = if ([IO.File]::Exists($file)) { [IO.File]::ReadAllLines($file) } else { [string[]] @() }
    $shell = $ExecutionContext.SessionState.PSVariable.GetValue('Global:__azenv')
    if ($env:AZENV_SESSION -and $shell -and $shell.Root) {
        # what this session has kept to itself
        $file = [IO.Path]::Combine($shell.Root, 'session', $env:AZENV_SESSION.Split('.')[0], 'names')
        if ([IO.File]::Exists($file)) { $names = [string[]] ($names + [IO.File]::ReadAllLines($file)) }
    }
    , $names
}

# Each word of the command with its value, those before the cursor and the one under it.
function Global:__azenv_complete_words($Ast, [int] $Cursor) {
    $under = ''
    foreach ($element in $Ast.CommandElements) {
        if ($element.Extent.StartOffset -ge $Cursor) { break }
        if ($element -is [Management.Automation.Language.StringConstantExpressionAst]) { $value = $element.Value } else { $value = $element.Extent.Text }
        if ($element.Extent.EndOffset -ge $Cursor) { $under = $value } else { $value }
    }
    $under
}

# What the value of the switch is; nothing where it takes none.
function Global:__azenv_complete_value($Rules, [string] $Word) {
    $spelling = $Word.Split('=')[0]
    # `-yo` is `-y -o`: the last letter takes the next word
    if (-not $Word.StartsWith('--')) { $spelling = '-' + $Word[-1] }
    foreach ($row in $Rules.Switches) {
        $fields = $row.Split('|')
        if ($fields[0].Split(',') -ccontains $spelling) { return $fields[1] }
    }
}

# Follows the words. Returns what is due: the rules, the kind of the place, the value of a switch
# that waits for it, and whether options are over; nothing where a verb is unknown.
function Global:__azenv_complete_walk([string[]] $Words) {
    $path = ''; $pending = ''; $over = $false; $place = 0; $given = 0
    $rules = $Global:__azenvRules['']
    for ($i = 1; $i -lt $Words.Length; $i++) {
        $word = $Words[$i]
        $operands = $rules.Operands
        $kind = ''
        if ($place -lt $operands.Length) { $kind = $operands[$place] }
        elseif ($operands.Length -and $operands[-1].Contains('...')) { $kind = $operands[-1] }
        if ($i -eq $Words.Length - 1) { break }
        if ($pending) { $pending = '' }
        elseif (-not $over -and $word -ceq '--') { $over = $true }
        elseif ($kind.Contains('@command') -and ($over -or $given -or -not $word.StartsWith('-'))) { break }
        elseif (-not $over -and $word -clike '-?*') {
            $value = __azenv_complete_value $rules $word
            if ($value -ceq '@skip') { $place++ } elseif ($word -cnotlike '--*=*') { $pending = $value }
        } elseif ($rules.Verbs.Length) {
            $path = "$path $word".Trim()
            if (-not $Global:__azenvRules.Contains($path)) { return }
            $rules = $Global:__azenvRules[$path]
        } else { $place++; $given++ }
    }
    @{ Rules = $rules; Kind = $kind; Pending = $pending; Over = $over }
}

# Rows `text|help` of all that may stand in place of the word.
function Global:__azenv_complete_offers($Found, [string] $Word) {
    $kind = $Found.Kind; $before = ''
    if ($Found.Pending) { $kind = $Found.Pending }
    elseif (-not $Found.Over -and $Word -clike '--*=*') {
        $kind = __azenv_complete_value $Found.Rules $Word
        $before = $Word.Split('=')[0] + '='
    } elseif (-not $Found.Over -and $Word.StartsWith('-')) {
        foreach ($row in $Found.Rules.Switches) {
            $fields = $row.Split([char[]] '|', 3)
            foreach ($spelling in $fields[0].Split(',')) { "$spelling|$($fields[2])" }
        }
        if ($kind.Split(' ') -ccontains '-') { '-|The one before.' }
        return
    } elseif ($Found.Rules.Verbs.Length) { return $Found.Rules.Verbs }
    foreach ($token in "$kind".Split(' ')) {
        if ($token -and $token[0] -ne '@' -and $token -cne '...') { "$before$token|$token" }
    }
}

# The names of contexts as results, each a word as PowerShell reads it: bare where it may be, else in
# single quotes, which five characters end. An operator on all of ten thousand names costs less than
# a loop over them.
function Global:__azenv_complete_contexts([string] $Prefix, [string] $Before) {
    $names = [string[]] ((__azenv_complete_names) -match ('^' + [regex]::Escape($Prefix)))
    $words = [string[]] ($names -replace "['\u2018\u2019\u201a\u201b]", '$0$0' -replace '^', $Before)
    $bare = [regex] '^[A-Za-z_/\\-][A-Za-z0-9_./=\\-]*$'
    for ($i = 0; $i -lt $names.Length; $i++) {
        $word = $words[$i]
        if (-not $bare.IsMatch($word)) { $word = "'$word'" }
        [Management.Automation.CompletionResult]::new($word, $names[$i], 'ParameterValue', $names[$i])
    }
}

function Global:__azenv_complete($Ast, [int] $Cursor) {
    $words = [string[]] @(__azenv_complete_words $Ast $Cursor)
    $found = __azenv_complete_walk $words
    if (-not $found) { return }
    $word = $words[-1]
    foreach ($row in __azenv_complete_offers $found $word) {
        $text, $help = $row.Split([char[]] '|', 2)
        if (-not $text.StartsWith($word, [StringComparison]::OrdinalIgnoreCase)) { continue }
        [Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
    $kind = $found.Kind; $before = ''
    if ($found.Pending) { $kind = $found.Pending }
    elseif (-not $found.Over -and $word -clike '--*=*') {
        $kind = __azenv_complete_value $found.Rules $word
        $before, $word = $word.Split([char[]] '=', 2)
        $before += '='
    } elseif (-not $found.Over -and $word.StartsWith('-') -or $found.Rules.Verbs.Length) { return }
    if ("$kind".Split(' ') -ccontains '@context') { __azenv_complete_contexts $word $before }
    # for files and commands nothing is offered: PowerShell completes files then
}

Register-ArgumentCompleter -Native -CommandName azenv -ScriptBlock {
    param($Word, $Ast, $Cursor)
    __azenv_complete $Ast $Cursor
}
