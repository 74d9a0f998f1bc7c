# SPDX-License-Identifier: MIT
# Completion of presenced for fish; tests/cli-completions.py holds it to --help.
# The keys are those of "presenced --check" itself.

function __presenced_keys
    presenced --check -c /dev/null 2>/dev/null |
        sed -n 's/^\([a-z_]*\.[a-z_]*\) =.*/\1=/p'
end

complete -c presenced -f
complete -c presenced -s c -l config -r -F -d 'read this file and its directory'
complete -c presenced -s o -l option -x -a '(__presenced_keys)' -d 'set a key, whatever the files say'
complete -c presenced -l check -d 'show what is in force, or what is wrong, and exit'
complete -c presenced -s h -l help -d 'show a summary and exit'
complete -c presenced -s V -l version -d 'show the version and exit'
