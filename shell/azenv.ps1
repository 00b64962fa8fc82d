# azenv for PowerShell 5.1 and 7: every directory and every shell its own Azure context.
#
# The generated prologue comes first: $Global:__azenvT, the table of variables, and
# $Global:__azenvP, where everything lies. This file holds no name of that table and no
# placeholder. At a prompt it starts no process and evaluates no text; records and mail are data.
#
# Data is compared by [object]::Equals, never by -ceq: that one goes by the culture, for which
# "a" and "a<soft hyphen>" are equal, so an edited pin would pass for the trusted one. For the same
# reason data never keys an @{} literal, which ignores case as well.

# Constrained Language Mode forbids .NET calls: stop before the first one, in silence
if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') { return }

# --- state -----------------------------------------------------------------------------------

# Sourced again, with another table: what the old code activated, only the old code can take back
$Global:__azenvOld = $ExecutionContext.SessionState.PSVariable.GetValue('Global:__azenv')
if ($null -ne $Global:__azenvOld -and
    -not [object]::Equals($Global:__azenvOld.Table.Layout, $Global:__azenvT.Layout)) {
    try { __azenv_leave } catch { $Global:Error.RemoveAt(0) }
    $Global:__azenvOld = $null
}

function Global:__azenv_new_state {
    $text = [type[]] @([string])
    $read = [Environment].GetMethod('GetEnvironmentVariable', $text)
    $isThere = [IO.Path].GetMethod('Exists', $text)         # .NET 7 and later
    $isDirectory = $null
    if ($null -eq $isThere) {
        $isThere = [IO.File].GetMethod('Exists', $text)
        $isDirectory = [Delegate]::CreateDelegate(
            [Predicate[string]], [IO.Directory].GetMethod('Exists', $text))
    }
    $isUnix = [IO.Path]::DirectorySeparatorChar -eq '/'
    @{
        Table = $Global:__azenvT
        Blank = [string[]] (@('') * $Global:__azenvT.Ne)
        Separator = [string] [char] 0x1f
        IsUnix = $isUnix
        Location = $ExecutionContext.SessionState.Path
        Provider = $ExecutionContext.InvokeProvider.Item
        # .NET walks an array by these: a loop in PowerShell costs ten times as much
        ReadVariable = [Delegate]::CreateDelegate([Converter[string, object]], $read)
        IsThere = [Delegate]::CreateDelegate([Predicate[string]], $isThere)
        IsDirectory = $isDirectory
        # one character a byte: text that is equal is equal in bytes, also where it is not UTF-8
        Bytes = [Text.Encoding]::GetEncoding(28591)
        Buffer = [byte[]]::new(4097)
        Shapes = [Collections.Generic.Dictionary[string, object]]::new()
        IsInteractive = (__azenv_is_interactive); IsHooked = $false
        CdAction = $null; EndsWithSession = $false

        # what was looked at last
        Here = $null; Candidates = [string[]] @(); Generation = ''; Seen = $null
        Denied = [Collections.Generic.Dictionary[string, string]]::new()
        Unanswered = [Collections.Generic.Dictionary[string, string]]::new()
        ToldForeign = [Collections.Generic.Dictionary[string, string]]::new()
        ToldMasked = ''; Said = ''; ToldError = ''; ToldGone = $false

        # the runtime directory, and when the one that was found to be ours was made
        Root = ''; RootBorn = [long] -1; AskedRoot = $false; LeftFiles = $false
        Nowhere = $(if ($isUnix) { '/dev/null/azenv' } else { 'NUL\azenv' })
        Never = [DateTime]::FromFileTimeUtc(0)              # what .NET tells of a missing file
        BaseTokens = [IO.Path]::Combine(
            $Global:__azenvP.Base, 'msal_token_cache.' + $(if ($isUnix) { 'json' } else { 'bin' }))

        # the overlay in force; is it one that no refresh helps, and is that for want of a root?
        Profile = ''; Stamp = ''; IsStuck = $false; IsRootless = $false

        # the activation in force: kinds; by table position what was before and what we put.
        # Old values that may not be exported live here and nowhere else.
        IsOn = $false; Kinds = ''; Shape = $null; Kept = ''; Before = $null; Ours = $null

        # the activation that is asked for
        Next = $null; NextId = ''; NextKinds = ''; NextLabel = ''

        # the one that was asked for last: values and kinds as its record has them
        Asked = [string[]] @(); AskedKinds = ''
    }
}

# A profile is read for scripts too (pwsh -File, -Command), where no directory may switch anything.
# A host that starts its prompt otherwise is found out by the first prompt.
function Global:__azenv_is_interactive {
    $program, $words = [Environment]::GetCommandLineArgs()
    if (@($words) -match '^[-/]+noe\w*$') { return $true }
    $script = '^[-/]+(c|com\w*|cwa|f|fi\w*|e|ec|en\w*|noni\w*)$|\.ps1$'
    -not (@($words) -match $script) -and -not [Console]::IsInputRedirected
}

# --- messages --------------------------------------------------------------------------------

# Paths and labels may hold what strangers chose: nothing that steers a terminal goes out.
function Global:__azenv_say([string] $Text) {
    $unsafe = '[\p{Cc}\p{Cf}\u2028\u2029]|\udb40[\udc00-\udfff]'
    [Console]::Error.WriteLine('azenv: ' + ($Text -replace $unsafe, '?'))
}

function Global:__azenv_say_change([string] $Text) {
    if (-not [Environment]::GetEnvironmentVariable('AZENV_QUIET')) { __azenv_say $Text }
}

function Global:__azenv_short_path([string] $Path) {
    $userHome = [Environment]::GetFolderPath('UserProfile')
    $start = $userHome + [IO.Path]::DirectorySeparatorChar
    $isBelow = $userHome -and $Path.StartsWith($start, [StringComparison]::Ordinal)
    if ($isBelow) { '~' + $Path.Substring($userHome.Length) } else { $Path }
}

# --- the program -----------------------------------------------------------------------------

function Global:__azenv_program_is_there {
    $p = $Global:__azenvP; $s = $Global:__azenv
    foreach ($file in $p.Launcher, $p.Python) {
        if ([IO.File]::Exists($file)) { continue }
        $cure = 'reinstall azenv or remove the hook: azenv init powershell --remove'
        if (-not $s.ToldGone) { __azenv_say "its program is gone ($file); $cure" }
        $s.ToldGone = $true
        return $false
    }
    $true
}

# `azenv hook ...`: returns what it printed; the user's $LASTEXITCODE stays.
function Global:__azenv_ask {
    if (-not (__azenv_program_is_there)) { return '' }
    $variables = $ExecutionContext.SessionState.PSVariable
    $status = $variables.GetValue('Global:LASTEXITCODE')
    $PSNativeCommandUseErrorActionPreference = $false
    $ErrorActionPreference = 'Continue'
    $printed = @()
    try { $printed = @(& $Global:__azenvP.Python -I $Global:__azenvP.Launcher hook @args) }
    catch { $Global:Error.RemoveAt(0) }                     # the working directory is gone, say
    finally {
        if ($null -eq $status) { $variables.Remove('Global:LASTEXITCODE') }
        else { $variables.Set('Global:LASTEXITCODE', $status) }
    }
    [string]::Join("`n", $printed)
}

# --- the runtime directory -------------------------------------------------------------------

# .NET knows no owner of a file; PowerShell's provider does (7 and later, Unix).
function Global:__azenv_stat([string] $Path) {
    $Global:__azenv.Provider.Get([string[]] @($Path), $true, $true)[0].UnixStat
}

# Our user's number, from the owner of our own process; '' where there is no /proc.
function Global:__azenv_user {
    if ([IO.Directory]::Exists("/proc/$PID")) { (__azenv_stat "/proc/$PID").UserId } else { '' }
}

# On Windows nothing is asked: pins and runtime directory lie where ACLs guard them.
function Global:__azenv_is_owned([string] $Path) {
    if (-not $Global:__azenv.IsUnix) { return $true }
    $owner = __azenv_stat $Path
    $user = __azenv_user
    if ($user -isnot [string]) { return $owner.UserId -eq $user }
    [object]::Equals($owner.GetUserName(), [Environment]::UserName)
}

function Global:__azenv_is_our_directory([string] $Path) {
    $found = [IO.DirectoryInfo]::new($Path)
    $isLink = [int] $found.Attributes -band 0x400
    $found.Exists -and -not $isLink -and (__azenv_is_owned $Path)
}

function Global:__azenv_take_root([string] $Directory) {
    $s = $Global:__azenv
    if (-not [IO.Path]::IsPathRooted($Directory)) { return $false }
    if (-not (__azenv_is_our_directory $Directory)) { return $false }
    $s.Root = $Directory
    $s.RootBorn = [IO.Directory]::GetCreationTimeUtc($Directory).Ticks
    $true
}

# The directory that was found to be ours is known by when it was made: one stat, not the provider.
function Global:__azenv_has_root {
    $s = $Global:__azenv
    if (-not $s.Root) { return $false }
    if ([IO.Directory]::GetCreationTimeUtc($s.Root).Ticks -eq $s.RootBorn) { return $true }
    __azenv_take_root $s.Root
}

function Global:__azenv_find_root {
    $s = $Global:__azenv; $p = $Global:__azenvP
    if (__azenv_has_root) { return $true }
    $candidates = @($p.Roots)
    if (-not $candidates.Count) {
        $session = [Environment]::GetEnvironmentVariable('XDG_RUNTIME_DIR')
        if ($s.IsUnix -and $session -and [IO.Path]::IsPathRooted($session)) {
            $candidates += [IO.Path]::Combine($session, 'azenv')
        }
        if ([IO.Directory]::Exists('/proc')) {
            $user = __azenv_user
            $candidates += "/run/user/$user/azenv", "/dev/shm/azenv-$user"
        }
        $candidates += [IO.Path]::Combine($p.Store, 'run')
    }
    foreach ($candidate in $candidates) { if (__azenv_take_root $candidate) { return $true } }
    if ($s.AskedRoot) { return $false }
    $s.AskedRoot = $true
    __azenv_take_root (__azenv_ask root powershell)
}

# --- records ---------------------------------------------------------------------------------

# Reads contexts/<id> into the activation that is asked for; false where there is none.
function Global:__azenv_load_context([string] $Id, [string] $Source, [string] $Reason) {
    $s = $Global:__azenv; $t = $s.Table
    $values = $s.Blank.Clone()
    $s.NextId = $Id; $s.NextLabel = ''
    # the shell composes these two itself: a record must not choose where az finds its extensions
    $values[0] = [IO.Path]::Combine($s.Root, 'az', $Id, '.azure')
    $values[1] = $Source
    $s.Next = $values
    if ([object]::Equals($Id, 'none')) {
        $values[2] = 'none'
        $values[$t.Block] = $Reason
        $s.NextKinds = $t.NoneKinds
        return $true
    }
    if ($Id -cnotmatch '^[0-9a-z-]+\z') { return $false }
    $file = [IO.Path]::Combine($Global:__azenvP.State, 'contexts', $Id)
    $session = [Environment]::GetEnvironmentVariable('AZENV_SESSION')
    if ($session -and $session -cmatch '^[0-9a-f-]+(?=\.)') {
        # what this session has kept to itself counts before what is stored; an empty record hides that
        $own = [IO.Path]::Combine($s.Root, 'session', $Matches[0], 'contexts', $Id)
        if ([IO.File]::Exists($own)) { $file = $own }
    }
    if (-not [IO.File]::Exists($file)) { return $false }
    $fields = [IO.File]::ReadAllText($file).Split([char] 0x1f)
    if ($fields.Length -ne $t.Ne + 2 -or $fields[2].Length -ne $t.Nn) { return $false }
    $isWhole = [object]::Equals($fields[$t.Ne + 1], '.')
    if (-not $isWhole -or -not [object]::Equals($fields[0], $Id)) { return $false }
    [Array]::Copy($fields, 3, $values, 2, $t.Ne - 2)
    $s.NextLabel = $fields[1]; $s.NextKinds = $fields[2]
    $true
}

# Where the record of a pin lies on Windows: C:\x is pins\C\x.
function Global:__azenv_record_of_pin([string] $Pin) {
    $path = ($Pin -replace '^([A-Za-z]):', '$1').TrimStart([char[]] '\/')
    $Global:__azenvP.State + '\pins\' + $path
}

# Returns word and argument where a record answers for exactly this content, else nothing.
function Global:__azenv_verdict([string] $Pin, [string] $Text) {
    $s = $Global:__azenv
    $file = $Global:__azenvP.State + '/pins' + $Pin         # the same path again
    if (-not $s.IsUnix) { $file = __azenv_record_of_pin $Pin }
    if (-not [IO.File]::Exists($file)) { return }
    $parts = $s.Bytes.GetString([IO.File]::ReadAllBytes($file)).Split([char] 0)
    if ($parts.Length -ne 3 -or -not [object]::Equals($parts[1], $Text)) { return }
    $fields = [Text.Encoding]::UTF8.GetString($s.Bytes.GetBytes($parts[0])).Split([char] 0x1f)
    if ($fields.Length -eq 3 -and [object]::Equals($fields[2], '.')) { $fields[0], $fields[1] }
}

# The positions that a kind string touches, once for each string.
function Global:__azenv_shape([string] $Kinds) {
    $s = $Global:__azenv
    $shape = $null
    if ($s.Shapes.TryGetValue($Kinds, [ref] $shape)) { return $shape }
    $set = [Collections.Generic.List[int]]::new(); $held = [Collections.Generic.List[int]]::new()
    for ($i = 0; $i -lt $Kinds.Length; $i++) {
        if ($Kinds[$i] -eq '=') { $set.Add($i) }
        if ($Kinds[$i] -ne '.') { $held.Add($i) }
    }
    $shape = @{ Set = $set.ToArray(); Held = $held.ToArray() }
    $s.Shapes[$Kinds] = $shape
    $shape
}

# --- leaving, entering, switching ------------------------------------------------------------

function Global:__azenv_put([string] $Name, $Value) {
    # $null would arrive as '' and leave an empty variable (7.5 and later)
    if ($null -eq $Value) { [Environment]::SetEnvironmentVariable($Name, [NullString]::Value) }
    else { [Environment]::SetEnvironmentVariable($Name, [string] $Value) }
}

# Takes over what a parent shell activated; false where its undo is not of this layout.
function Global:__azenv_inherit([string] $Undo) {
    $s = $Global:__azenv; $t = $s.Table
    $fields = $Undo.Split([char] 0x1f)
    if ($fields.Length -lt $t.Ne + 3) { return $false }
    $kinds = $fields[2]
    if (-not [object]::Equals($fields[0], $t.Layout) -or $kinds.Length -ne $t.Nn) { return $false }
    if ($kinds -cnotmatch '^[=.-]+\z' -or $kinds.IndexOf([char] '=', $t.Ne) -ge 0) { return $false }
    $ours = [Array]::ConvertAll($t.Names, $s.ReadVariable)
    $before = $ours.Clone()
    foreach ($i in (__azenv_shape $kinds).Held) {
        $ours[$i] = if ($kinds[$i] -eq '=') { $fields[3 + $i] } else { $null }
        $before[$i] = $null
    }
    for ($i = $t.Ne + 3; $i + 1 -lt $fields.Length; $i += 2) {
        if ($fields[$i] -cnotmatch '^[1-9][0-9]{0,2}\z') { continue }
        $at = [int] $fields[$i] - 1
        if ($at -lt $t.Nn -and $kinds[$at] -ne '.') { $before[$at] = $fields[$i + 1] }
    }
    $s.IsOn = $true; $s.Kinds = $kinds; $s.Shape = __azenv_shape $kinds
    $s.Ours = $ours; $s.Before = $before
    $s.Kept = [string]::Join($s.Separator, $fields, $t.Ne + 3, $fields.Length - $t.Ne - 3)
    $true
}

# The undo of another azenv, or a garbled one: the program reverses it by name, then it is gone.
function Global:__azenv_drop_foreign {
    $names = '^(AZ|ARM_|ANSIBLE_|AAD_|KUBE|MSI_|IDENTITY_)[A-Z0-9_]*\z'
    $fields = (__azenv_ask undo $Global:__azenv.Root).Split([char] 0x1f)
    if ($fields.Length % 3 -eq 1 -and [object]::Equals($fields[$fields.Length - 1], '.')) {
        for ($i = 0; $i + 2 -lt $fields.Length; $i += 3) {
            if ($fields[$i] -cnotmatch $names) { continue }
            $value = if ([object]::Equals($fields[$i + 1], 'x')) { $fields[$i + 2] } else { $null }
            __azenv_put $fields[$i] $value
        }
    }
    __azenv_put __AZENV_UNDO $null
}

# Moves the environment from one array of values to another. Whatever fails midway is taken back:
# the tenant of one context with the subscription of another is the dangerous state.
function Global:__azenv_move($Now, $Want, $Undo) {
    $names = $Global:__azenv.Table.Names
    $undoBefore = [Environment]::GetEnvironmentVariable('__AZENV_UNDO')
    $done = 0
    try {
        for (; $done -lt $Want.Length; $done++) {
            if ([object]::Equals($Now[$done], $Want[$done])) { continue }
            $name = $names[$done]; $value = $Want[$done]    # no call of __azenv_put: 10 us each
            if ($null -ne $value) { [Environment]::SetEnvironmentVariable($name, $value) }
            else { [Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
        }
        if ($Undo) { [Environment]::SetEnvironmentVariable('__AZENV_UNDO', $Undo) }
        else { [Environment]::SetEnvironmentVariable('__AZENV_UNDO', [NullString]::Value) }
    } catch {
        for ($i = 0; $i -lt $done; $i++) {
            if (-not [object]::Equals($Now[$i], $Want[$i])) { __azenv_put $names[$i] $Now[$i] }
        }
        __azenv_put __AZENV_UNDO $undoBefore
        throw
    }
}

# Returns what the environment would hold without us. What the user changed meanwhile stays.
function Global:__azenv_baseline($Now) {
    $s = $Global:__azenv
    if (-not $s.IsOn) { return , $Now }
    $base = $Now.Clone()
    foreach ($i in $s.Shape.Held) {
        if ([object]::Equals($Now[$i], $s.Ours[$i])) { $base[$i] = $s.Before[$i] }
    }
    , $base
}

function Global:__azenv_adopt_undo {
    $undo = [Environment]::GetEnvironmentVariable('__AZENV_UNDO')
    if ($Global:__azenv.IsOn -or -not $undo -or (__azenv_inherit $undo)) { return }
    __azenv_drop_foreign
}

function Global:__azenv_leave {
    $s = $Global:__azenv
    __azenv_adopt_undo
    if ($s.IsOn) {
        $now = [Array]::ConvertAll($s.Table.Names, $s.ReadVariable)
        __azenv_move $now (__azenv_baseline $now) $null
    }
    $s.IsOn = $false; $s.Before = $null; $s.Ours = $null
    $s.IsRootless = $false; $s.Said = ''
}

# To the activation that is asked for. The whole change is computed, then applied.
# Returns whether a parent shell had put exactly these values.
function Global:__azenv_enter {
    $s = $Global:__azenv; $t = $s.Table; $separator = $s.Separator
    $inherited = ''
    if (-not $s.IsOn) {
        __azenv_adopt_undo
        if ($s.IsOn) { $inherited = [Environment]::GetEnvironmentVariable('__AZENV_UNDO') }
    }
    $now = [Array]::ConvertAll($t.Names, $s.ReadVariable)
    $isUntouched = $s.IsOn -and [Linq.Enumerable]::SequenceEqual($now, $s.Ours)
    if ($isUntouched) { $base = $s.Before } else { $base = __azenv_baseline $now }
    $kinds = $s.NextKinds
    if ($kinds[$t.Soft] -eq '?') {                          # set only where the user has none
        $hasOwn = $null -ne $base[$t.Soft]
        $kinds = $kinds.Replace('?', $(if ($hasOwn) { '.' } else { '=' }))
        if ($hasOwn) { $s.Next[$t.Soft] = '' }
    }
    if ($isUntouched -and [object]::Equals($kinds, $s.Kinds)) {     # no look at single slots
        $shape = $s.Shape; $want = $s.Ours.Clone(); $kept = $s.Kept
    } else {
        $shape = __azenv_shape $kinds
        $want = $base.Clone(); $kept = ''
        foreach ($i in $shape.Held) {
            $old = $base[$i]
            if ($null -eq $old) { continue }
            $want[$i] = $null
            # a secret, or what would tear the fields apart, stays in this shell
            if ($t.Secret[$i] -eq '*' -or $old.IndexOf([char] 0x1f) -ge 0) { continue }
            $kept += "$($i + 1)$separator$old$separator"
        }
    }
    foreach ($i in $shape.Set) { $want[$i] = $s.Next[$i] }
    $values = [string]::Join($separator, $s.Next)
    $head = [string]::Join($separator, [string[]] @($t.Layout, $s.NextId, $kinds, $values, ''))
    __azenv_move $now $want ($head + $kept)
    $s.IsOn = $true; $s.Kinds = $kinds; $s.Shape = $shape
    $s.Before = $base; $s.Ours = $want; $s.Kept = $kept
    $inherited -and ($inherited + $separator).StartsWith($head, [StringComparison]::Ordinal)
}

# --- deciding --------------------------------------------------------------------------------

# Is the overlay there, and not older than what it is made from?
function Global:__azenv_is_fresh {
    $s = $Global:__azenv
    $stamp = [IO.File]::GetLastWriteTimeUtc($s.Stamp)
    $made = [IO.File]::GetLastWriteTimeUtc($s.Profile)
    $made -gt $s.Never -and $made -le $stamp -and
        [IO.File]::GetLastWriteTimeUtc($s.BaseTokens) -le $stamp -and
        ([IO.Directory]::GetCreationTimeUtc($s.Root).Ticks -eq $s.RootBorn -or (__azenv_has_root))
}

function Global:__azenv_refresh_overlay([string] $Id) {
    $s = $Global:__azenv
    [void] (__azenv_ask overlay $s.Root $Id powershell)
    $s.IsStuck = -not (__azenv_is_fresh)                    # not again at each prompt
}

function Global:__azenv_activate([string] $Id, [string] $Source, [string] $Reason, [string] $Pin) {
    $s = $Global:__azenv
    $isKnown = $s.Root -and [IO.Directory]::GetCreationTimeUtc($s.Root).Ticks -eq $s.RootBorn
    $s.IsRootless = -not ($isKnown -or (__azenv_find_root))
    if (-not $s.IsRootless -and -not (__azenv_load_context $Id $Source $Reason)) {
        $Id = 'none'; $Reason = 'the context is gone'
        [void] (__azenv_load_context none $Source $Reason)
    }
    if (-not $s.IsRootless) {
        $s.Profile = [IO.Path]::Combine($s.Next[0], 'azureProfile.json')
        $s.Stamp = [IO.Path]::Combine($s.Next[0], '.stamp')
        $s.IsStuck = $false
        if (-not (__azenv_is_fresh)) {
            __azenv_refresh_overlay $Id
            $s.IsRootless = -not (__azenv_has_root)
        }
    }
    if ($s.IsRootless) {
        $Id = 'none'; $Reason = 'the runtime directory is not yours'
        [void] (__azenv_load_context none $Source $Reason)
        $s.Next[0] = $s.Nowhere; $s.IsStuck = $true
    }
    # a change elsewhere, and the same answer here: what the user made of the variables stays
    $wasThere = $false
    $isSame = $s.IsOn -and [object]::Equals($s.AskedKinds, $s.NextKinds)
    if (-not $isSame -or -not [Linq.Enumerable]::SequenceEqual($s.Asked, $s.Next)) {
        $asked = [string[]] $s.Next.Clone()
        $wasThere = __azenv_enter
        $s.Asked = $asked; $s.AskedKinds = $s.NextKinds
        __azenv_mark $s.NextId
    }
    $isBlocked = [object]::Equals($s.NextId, 'none')
    $line = if ($isBlocked) { "blocked: $Reason" } else { $s.NextLabel }
    if ([object]::Equals($line + $Pin, $s.Said)) { return }
    $s.Said = $line + $Pin
    $line += if ($Pin) { "  (pin $(__azenv_short_path $Pin))" } else { '  (chosen)' }
    if ($isBlocked) { __azenv_say $line } elseif (-not $wasThere) { __azenv_say_change $line }
}

# No record answers: the program is asked, once for each content, not once a visit.
function Global:__azenv_ask_for_verdict([string] $Pin, [string] $Text) {
    $s = $Global:__azenv
    $asked = $null
    [void] $s.Unanswered.TryGetValue($Pin, [ref] $asked)
    if ([object]::Equals($asked, $Text)) { return }
    [void] (__azenv_find_root)
    [void] (__azenv_ask pin $s.Root $Pin powershell)
    $verdict = @(__azenv_verdict $Pin $Text)
    if ($verdict.Count) { $verdict } else { $s.Unanswered[$Pin] = $Text }
}

# What a pin with this content leads to; false where it counts as not there.
function Global:__azenv_follow_pin([string] $Pin, [string] $Text, [string] $Why) {
    $s = $Global:__azenv
    if (-not $Why) {
        $mark = [string] [char] 0xef + [char] 0xbb + [char] 0xbf
        $isMarked = $Text.StartsWith($mark, [StringComparison]::Ordinal)
        if ($isMarked) { $Why = 'begins with a byte order mark' }
        if ($Text.IndexOf([char] 0) -ge 0) { $Why = 'longer than 4096 bytes, or holds NUL' }
    }
    if ($Why) {
        if (__azenv_is_owned $Pin) { __azenv_activate none pin $Why $Pin; return $true }
        # else one file in /tmp would block everybody
        if (-not $s.ToldForeign.ContainsKey($Pin)) {
            __azenv_say "another user's pin is ignored: $(__azenv_short_path $Pin)"
        }
        $s.ToldForeign[$Pin] = ''
        $s.Denied[$Pin] = $Why + $s.Separator + $Text
        return $false
    }
    $word, $argument = __azenv_verdict $Pin $Text
    if ($null -eq $word) { $word, $argument = __azenv_ask_for_verdict $Pin $Text }
    if ($word -ceq 'denied') { $s.Denied[$Pin] = $s.Separator + $Text; return $false }
    if ($word -ceq 'context') { __azenv_activate $argument pin '' $Pin }
    elseif ($word -ceq 'blocked') { __azenv_activate none pin $argument $Pin }
    else { __azenv_activate none pin 'not trusted; review it, then: azenv allow' $Pin }
    $true
}

function Global:__azenv_follow_nothing {
    $s = $Global:__azenv
    if (-not $s.IsOn -and -not [Environment]::GetEnvironmentVariable('__AZENV_UNDO')) { return }
    __azenv_leave
    __azenv_mark ''
    __azenv_say_change 'no context (left the pinned directory)'
}

# Says which context is active here, to whoever must know that no session needs it any more.
function Global:__azenv_mark([string] $Id) {
    $s = $Global:__azenv
    if (-not $s.Root) { return }
    $file = [IO.Path]::Combine($s.Root, 'active', $PID)
    try { [IO.File]::WriteAllText($file, $Id) }
    catch { $Global:Error.RemoveAt(0) }
}

# A choice goes before a pin: told once for each pin, on entering its directory.
function Global:__azenv_tell_masked([string] $Choice) {
    $s = $Global:__azenv
    foreach ($pin in $s.Candidates) {
        if (-not [IO.File]::Exists($pin)) { continue }
        $text, $why = __azenv_read_pin $pin
        $verdict = @(if (-not $why) { __azenv_verdict $pin $text })
        if ($verdict.Count -and $verdict[0] -ceq 'denied') { continue }
        if ([object]::Equals($pin, $s.ToldMasked)) { return }
        $s.ToldMasked = $pin
        if ($verdict.Count -and [object]::Equals($verdict[1], $Choice)) { return }
        $name = [Environment]::GetEnvironmentVariable($s.Table.Names[3])        # as prompts show it
        if (-not $name) { $name = $Choice }
        $where = "this directory is pinned ($(__azenv_short_path $pin))"
        __azenv_say_change "$where, but your choice $name is in force; azenv use --follow"
        return
    }
    $s.ToldMasked = ''
}

# --- walking and reading ---------------------------------------------------------------------

function Global:__azenv_walk([Management.Automation.PathInfo] $Here) {
    $found = [Collections.Generic.List[string]]::new()
    $directory = $Here.ProviderPath                         # 50 us, so .Path tells of a change
    while ($directory) {
        $found.Add([IO.Path]::Combine($directory, '.azenv.toml'))
        $directory = [IO.Path]::GetDirectoryName($directory)
    }
    $Global:__azenv.Candidates = $found.ToArray()
    $Global:__azenv.Here = $Here.Path
}

# The generation is the NAME of the only file there: unchanged is one stat.
# Without one (azenv was never used) nothing is forgotten, or a refusal would be asked for again.
function Global:__azenv_look_at_generation {
    $s = $Global:__azenv
    $directory = [IO.Path]::Combine($Global:__azenvP.State, 'generation')
    $found = ''
    if ([IO.Directory]::Exists($directory)) {
        foreach ($file in [IO.Directory]::GetFiles($directory)) { $found = $file }
    }
    if ([object]::Equals($found, $s.Generation)) { return }
    $s.Generation = $found; $s.Seen = $null; $s.AskedRoot = $false
    $s.Denied.Clear()
    $s.Unanswered.Clear()
}

# A FIFO counts as a file, has no length, and would hang the prompt; so would a device.
function Global:__azenv_is_empty_file([string] $Path) {
    -not $Global:__azenv.IsUnix -or [object]::Equals([string] (__azenv_stat $Path).ItemType, 'File')
}

# Returns the text, one character a byte, and why the file cannot be used (empty: it can).
function Global:__azenv_read_pin([string] $Pin) {
    $s = $Global:__azenv
    $no = 'not a plain readable file'
    try {
        $file = [IO.FileInfo]::new($Pin)
        if ([int] $file.Attributes -band 0x450) { return '', $no }      # link, directory, device
        if ($file.Length -eq 0 -and -not (__azenv_is_empty_file $Pin)) { return '', $no }
        # 7: an editor may hold it open, and on Windows everything must be shared then
        $stream = [IO.FileStream]::new(
            $Pin, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare] 7, 1)
        try { $length = $stream.Read($s.Buffer, 0, 4097) } finally { $stream.Dispose() }
    } catch {
        $Global:Error.RemoveAt(0)                           # the user's $Error is not ours
        return '', $no
    }
    if ($length -gt 4096) { return '', 'longer than 4096 bytes, or holds NUL' }
    $s.Bytes.GetString($s.Buffer, 0, $length), ''
}

# A missing deadline file is an expired one.
function Global:__azenv_is_expired([string] $Name) {
    $s = $Global:__azenv
    if ($Name -cnotmatch '^[0-9A-Za-z_-]+\z' -or -not (__azenv_find_root)) { return $true }
    $deadline = [IO.Path]::Combine($s.Root, 'until', $Name)
    [IO.File]::GetLastWriteTimeUtc($deadline) -lt [DateTime]::UtcNow
}

# Before .NET 7 one call tells of files only: a directory of that name must not hide behind a pin
# further up.
function Global:__azenv_nearer_directory([int] $From, [int] $File) {
    $s = $Global:__azenv
    $directory = [Array]::FindIndex($s.Candidates, $From, $s.IsDirectory)
    if ($directory -ge 0 -and ($File -lt 0 -or $directory -lt $File)) { $directory } else { $File }
}

# --- the hook --------------------------------------------------------------------------------

function Global:__azenv_refresh {
    $s = $Global:__azenv
    $here = $s.Location.CurrentFileSystemLocation           # also from Env: or Cert:
    $hasMoved = -not [object]::Equals($here.Path, $s.Here)
    if ($hasMoved) { __azenv_walk $here }
    if (-not [IO.File]::Exists($s.Generation)) { __azenv_look_at_generation }
    $choice = [Environment]::GetEnvironmentVariable('__AZENV_CHOICE')
    if ($choice) { __azenv_follow_choice $choice $hasMoved; return }

    # a call of a function costs 10 us: what runs at every prompt makes few
    for ($from = 0; ; $from = $at + 1) {
        $at = [Array]::FindIndex($s.Candidates, $from, $s.IsThere)
        if ($s.IsDirectory) { $at = __azenv_nearer_directory $from $at }
        if ($at -lt 0) { break }
        $pin = $s.Candidates[$at]
        $text, $why = __azenv_read_pin $pin
        $content = $why + $s.Separator + $text
        $denied = $null
        if ($s.Denied.Count -and $s.Denied.TryGetValue($pin, [ref] $denied) -and
            [object]::Equals($denied, $content)) { continue }
        $seen = $pin + $s.Separator + $content
        $s.ToldMasked = $pin
        if ([object]::Equals($seen, $s.Seen)) {
            if ($s.IsStuck -or -not (__azenv_is_fresh)) { __azenv_catch_up }
            return
        }
        $s.Seen = $seen
        if (__azenv_follow_pin $pin $text $why) { return }
    }
    $s.ToldMasked = ''
    if ([object]::Equals('', $s.Seen)) { return }
    $s.Seen = ''
    __azenv_follow_nothing
}

function Global:__azenv_follow_choice([string] $Choice, [bool] $HasMoved) {
    $s = $Global:__azenv
    $until = [Environment]::GetEnvironmentVariable('__AZENV_UNTIL')
    $reason = 'chosen'
    if ($until -and (__azenv_is_expired $until)) { $Choice = 'none'; $reason = 'the time is up' }
    $seen = 'choice' + $s.Separator + $reason + $s.Separator + $Choice
    if (-not [object]::Equals($seen, $s.Seen)) {
        $s.Seen = $seen
        __azenv_activate $Choice choice $reason ''
    } elseif ($s.IsStuck -or -not (__azenv_is_fresh)) { __azenv_catch_up }
    if ($HasMoved) { __azenv_tell_masked $Choice }
}

# The pin or the choice is as it was, but the overlay is not, or the runtime directory.
function Global:__azenv_catch_up {
    $s = $Global:__azenv
    $hasRoot = if ($s.IsRootless) { __azenv_find_root } else { __azenv_has_root }
    if ($hasRoot -eq $s.IsRootless) { $s.Seen = $null; __azenv_refresh }    # it came, or went
    elseif ($hasRoot -and -not $s.IsStuck) { __azenv_refresh_overlay $s.NextId }
}

# Never breaks a prompt; an error is told once.
function Global:__azenv_hook {
    try { __azenv_refresh }
    catch {
        $Global:Error.RemoveAt(0)
        $text = "$($_.Exception.Message); nothing was changed"
        if ([object]::Equals($text, $Global:__azenv.ToldError)) { return }
        $Global:__azenv.ToldError = $text
        __azenv_say $text
    }
}

# --- the public function ---------------------------------------------------------------------

# The words as they were typed. PowerShell takes the first `--` of a function call away, cuts
# `-o:json` in two, makes 1.10 a number and a,b an array: the text of the call still has them.
# Where text and values do not fit together (splatting, several lines), the values stand.
function Global:__azenv_words($Call, [object[]] $Given) {
    $values = [Collections.Generic.List[string]]::new()
    foreach ($value in $Given) { foreach ($one in @($value)) { $values.Add([string] $one) } }
    $command = __azenv_command_of $Call
    if ($null -eq $command) { return , $values.ToArray() }
    $words = [Collections.Generic.List[string]]::new()
    $next = 0; $end = -1
    foreach ($element in [Linq.Enumerable]::Skip($command.CommandElements, 1)) {
        $isLast = $next -ge $Given.Count
        if ($element.Extent.Text -ceq '--' -and ($isLast -or [string] $Given[$next] -cne '--')) {
            $words.Add('--')                                # the one that PowerShell took
        } elseif ($isLast) {
            return , $values.ToArray()
        } else {
            $typed = @(__azenv_word $element $Given[$next++])
            $isParameter = $element -is [Management.Automation.Language.CommandParameterAst]
            if ($isParameter -and $null -ne $element.Argument) {
                if ($next -ge $Given.Count) { return , $values.ToArray() }
                $typed += @(__azenv_word $element.Argument $Given[$next++])
                $end = $element.Extent.StartOffset + $element.ParameterName.Length + 2
                # `-o:json` is one word and `-o: json` are two
                if ($element.Argument.Extent.StartOffset -eq $end) { $typed = @(-join $typed) }
            } elseif ($element.Extent.StartOffset -eq $end) {       # the same after a `--`
                $typed[0] = $words[$words.Count - 1] + $typed[0]
                $words.RemoveAt($words.Count - 1)
            }
            foreach ($one in $typed) { $words.Add($one) }
        }
        $end = $element.Extent.EndOffset
    }
    if ($next -ne $Given.Count) { return , $values.ToArray() }
    , $words.ToArray()
}

# The call as the parser sees it; nothing where its words cannot be told from its values.
function Global:__azenv_command_of($Call) {
    $start = $Call.OffsetInLine - 1
    if (-not $Call.Line -or $start -lt 0 -or $start -gt $Call.Line.Length) { return }
    $text = $Call.Line.Substring($start)
    $tree = [Management.Automation.Language.Parser]::ParseInput($text, [ref] $null, [ref] $null)
    $command = $tree.Find({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
    if ($null -eq $command) { return }
    foreach ($element in $command.CommandElements) {
        $isVariable = $element -is [Management.Automation.Language.VariableExpressionAst]
        if ($isVariable -and $element.Splatted) { return }
    }
    $command
}

function Global:__azenv_word($Element, $Value) {
    if ($Element -is [Management.Automation.Language.ArrayLiteralAst]) {
        $values = @($Value)
        $parts = for ($i = 0; $i -lt $values.Count; $i++) {
            __azenv_word $Element.Elements[$i] $values[$i]
        }
        return [string]::Join(',', [string[]] $parts)
    }
    $isConstant = $Element -is [Management.Automation.Language.ConstantExpressionAst]
    $isText = $Element -is [Management.Automation.Language.StringConstantExpressionAst]
    if ($isConstant -and -not $isText) { return $Element.Extent.Text }
    foreach ($one in @($Value)) { [string] $one }
}

# Before 7.3 a word with quotes falls apart and an empty one vanishes, unless written like this.
# 5.1 puts quotes around a word with blanks, and a backslash before the closing one escapes it.
function Global:__azenv_legacy_word([string] $Word, [bool] $IsBefore6) {
    $Word = $Word -replace '(\\*)"', '$1$1\"'
    if (-not $Word) { return '""' }
    if ($IsBefore6 -and $Word -match '\s') { return $Word -replace '(\\+)\z', '$1$1' }
    $Word
}

function Global:__azenv_is_legacy {
    $passing = $ExecutionContext.SessionState.PSVariable.GetValue('PSNativeCommandArgumentPassing')
    $null -eq $passing -or "$passing" -eq 'Legacy'
}

# What starts the program. Each word stands in quotes of its own: PowerShell expands `*` and `~`
# in whatever it hands over bare. The text that is compiled here holds positions, never a word.
function Global:__azenv_call([int] $Count, [bool] $HasInput) {
    $text = [Text.StringBuilder]::new('param($Words) ')
    if ($HasInput) { [void] $text.Append('$input | ') }
    [void] $text.Append('& $Global:__azenvP.Python -I $Global:__azenvP.Launcher')
    for ($i = 0; $i -lt $Count; $i++) { [void] $text.Append(" `"`$(`$Words[$i])`"") }
    [scriptblock]::Create($text.ToString())
}

# Applies what the program left for this shell, if it did, and if it answers this very call.
function Global:__azenv_take_mail([string] $Mail, [string] $Nonce) {
    $s = $Global:__azenv
    if (-not [IO.File]::Exists($Mail) -or -not (__azenv_has_root)) { return $false }
    if ([int] [IO.File]::GetAttributes($Mail) -band 0x400) { return $false }            # a link
    # a FIFO has no length, and would hang the shell
    if ([IO.FileInfo]::new($Mail).Length -eq 0 -or -not (__azenv_is_owned $Mail)) { return $false }
    $fields = [IO.File]::ReadAllText($Mail).Split([char] 0x1f)
    [IO.File]::Delete($Mail)
    $s.LeftFiles = $true
    if ($fields.Length -ne 7 -or -not [object]::Equals($fields[6], '.')) { return $false }
    if (-not [object]::Equals($fields[0], $Nonce)) { return $false }
    if ($fields[5] -cnotmatch '^(-|[0-9a-f-]+\.[0-9A-Za-z_-]+)?\z') { return $false }
    $verb, $id, $deadline, $previous = $fields[1..4]
    if ($verb -ceq 'choice' -and $id) {
        __azenv_put __AZENV_CHOICE $id
        __azenv_put __AZENV_UNTIL $(if ($deadline) { $deadline })
    } elseif ($verb -ceq 'follow') {
        __azenv_put __AZENV_CHOICE $null
        __azenv_put __AZENV_UNTIL $null
    } elseif ($verb -cne 'keep') { return $false }
    if ($verb -cne 'keep') { __azenv_put __AZENV_PREVIOUS $(if ($previous) { $previous }) }
    if ([object]::Equals($fields[5], '-')) { __azenv_put AZENV_SESSION $null }
    elseif ($fields[5]) { [Environment]::SetEnvironmentVariable('AZENV_SESSION', $fields[5]) }
    # what is asked for by name is put in force whole, even where it is already
    $s.Seen = $null; $s.AskedKinds = ''
    $true
}

function Global:azenv {
    $s = $Global:__azenv
    $s.ToldGone = $false
    if (-not (__azenv_program_is_there)) { $Global:LASTEXITCODE = 127 } else {
        $words = __azenv_words $MyInvocation $args
        if (__azenv_is_legacy) {
            $isBefore6 = $PSVersionTable.PSVersion.Major -lt 6
            $words = @(foreach ($word in $words) { __azenv_legacy_word $word $isBefore6 })
        }
        $call = __azenv_call $words.Length $MyInvocation.ExpectingInput
        $mail = ''; $nonce = [Guid]::NewGuid().ToString('N')
        # a completer calls the function, not the program: nothing of the shell may change then
        $isCompleting = [bool] [Environment]::GetEnvironmentVariable('_AZENV_COMPLETE')
        $s.AskedRoot = $s.AskedRoot -and $isCompleting
        if (-not $isCompleting -and (__azenv_find_root)) {
            $mail = [IO.Path]::Combine($s.Root, 'mail', "$PID." + [Guid]::NewGuid().ToString('N'))
        }
        try {
            if ($mail) {
                __azenv_put __AZENV_MAIL $mail
                __azenv_put __AZENV_NONCE $nonce
                __azenv_put __AZENV_SHELL powershell
            }
            if ($MyInvocation.ExpectingInput) { $input | & $call $words } else { & $call $words }
        } finally {
            # also after Ctrl-C, and where `select -First 1` stops the pipeline
            if ($mail) {
                __azenv_put __AZENV_MAIL $null
                __azenv_put __AZENV_NONCE $null
                __azenv_put __AZENV_SHELL $null
                # `azenv allow; az ...` on one line; a script and CI change by mail only
                $isChanged = __azenv_take_mail $mail $nonce
                if ($isChanged -or ($s.IsHooked -and $s.IsInteractive)) { __azenv_hook }
            }
        }
    }
    if ($Global:LASTEXITCODE -ne 0) {
        # $? after a function is true whatever it ran, unless its own pipeline has failed. Only a
        # cmdlet can say that, by an error that lands in $Error, and a cmdlet's own parameters
        # would eat `-o` and `-v`: so the engine's flag is set, where it has the known shape.
        try {
            $members = [Reflection.BindingFlags] 'Instance, Public, NonPublic'
            $at = $ExecutionContext
            $at = $at.GetType().GetField('_context', $members).GetValue($at)
            foreach ($name in 'CurrentCommandProcessor', 'CommandRuntime', 'PipelineProcessor') {
                $at = $at.GetType().GetProperty($name, $members).GetValue($at, $null)
            }
            $at.GetType().GetProperty('ExecutionFailed', $members).SetValue($at, $true, $null)
        } catch { $Global:Error.RemoveAt(0) }
    }
}

# --- installation ----------------------------------------------------------------------------

# Makes the next statement see $? as false, with nothing in $Error.
function Global:__azenv_fail {
    [CmdletBinding()] param()
    $cause = [Exception]::new('the last command failed')
    $record = [Management.Automation.ErrorRecord]::new($cause, 'azenv', 'NotSpecified', $null)
    $PSCmdlet.WriteError($record)
}

# Each wrapper holds the prompt that it wraps: with one global for it, installing twice around a
# theme that saved our wrapper would make the two call each other for ever.
function Global:__azenv_wrap_prompt([scriptblock] $Inner) {
    {
        $ok = $?                                            # any statement before it resets it
        $Global:__azenv.IsInteractive = $true
        __azenv_hook
        if (-not $ok) { __azenv_fail -ErrorAction Ignore }
        & $Inner
    }.GetNewClosure()
}

function Global:__azenv_install {
    $s = $Global:__azenv
    foreach ($name in 'CI', 'TF_BUILD', 'GITHUB_ACTIONS') {
        if ([Environment]::GetEnvironmentVariable($name)) { return }
    }
    $s.IsHooked = $true
    if (-not $Function:prompt.ToString().Contains('__azenv_hook')) {
        $Function:Global:prompt = __azenv_wrap_prompt $Function:prompt
    }
    # for `cd there; az ...` on one line, and for a prompt that a theme replaced
    $version = $PSVersionTable.PSVersion
    if ($version.Major -lt 7 -or ($version.Major -eq 7 -and $version.Minor -lt 2)) { return }
    $commands = $ExecutionContext.InvokeCommand
    $others = $commands.LocationChangedAction
    if ($null -ne $others -and $others.GetInvocationList() -contains $s.CdAction) { return }
    $s.CdAction = [EventHandler[Management.Automation.LocationChangedEventArgs]] {
        if ($Global:__azenv.IsInteractive) { __azenv_hook }
    }
    $commands.LocationChangedAction = [Delegate]::Combine($others, $s.CdAction)
}

# --- end of session --------------------------------------------------------------------------

function Global:__azenv_end {
    $s = $Global:__azenv
    if ($s.LeftFiles -and (__azenv_has_root)) { [void] (__azenv_ask end $s.Root $PID) }
}

function Global:__azenv_end_with_session {
    $s = $Global:__azenv
    if ($s.EndsWithSession) { return }
    $s.EndsWithSession = $true
    [void] $ExecutionContext.Events.SubscribeEvent(
        $null, $null, 'PowerShell.Exiting', $null, { __azenv_end }, $true, $false)
}

# Loaded twice: what is in force, and what was before, is known to the old state alone.
function Global:__azenv_take_over($Old) {
    if ($null -eq $Old) { return }
    foreach ($key in 'IsOn', 'Kinds', 'Shape', 'Kept', 'Before', 'Ours', 'Asked', 'AskedKinds',
        'Said', 'ToldMasked', 'IsInteractive', 'LeftFiles', 'CdAction', 'EndsWithSession') {
        if ($Old.ContainsKey($key)) { $Global:__azenv[$key] = $Old[$key] }
    }
}

# --- start -----------------------------------------------------------------------------------

$Global:__azenv = __azenv_new_state
__azenv_take_over $Global:__azenvOld
$Global:__azenvOld = $null
__azenv_install
__azenv_end_with_session
