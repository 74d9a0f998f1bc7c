# SPDX-License-Identifier: MIT
# Completion of presencectl for fish. What is offered is what --help says:
# tests/cli-completions.py holds the two together.

# Names of what the daemon holds of a kind, if it says so at once.
function __presencectl_held
    timeout 1 presencectl channels 2>/dev/null |
        awk -v kind=$argv[1] '$2 == kind { print $1 }'
end

set -l commands here-now where-now get-state set-state status stats channels \
    explain flush reload log-level ping hello
set -l bare "not __fish_seen_subcommand_from $commands"
set -l queries '__fish_seen_subcommand_from here-now where-now get-state set-state'
set -l named '__fish_seen_subcommand_from here-now get-state set-state'
set -l states '__fish_seen_subcommand_from get-state set-state'
set -l here '__fish_seen_subcommand_from here-now'

complete -c presencectl -f
complete -c presencectl -s s -l socket -r -F -d "the daemon's socket"
complete -c presencectl -s j -l json -d 'print the result as one line of JSON'
complete -c presencectl -s h -l help -d 'print help'
complete -c presencectl -s V -l version -d 'print the version'

complete -c presencectl -n $bare -a here-now -d 'who is in these channels; without any: in all of them'
complete -c presencectl -n $bare -a where-now -d 'the channels a user is in'
complete -c presencectl -n $bare -a get-state -d "a user's state in these channels"
complete -c presencectl -n $bare -a set-state -d "set a user's state in these channels"
complete -c presencectl -n $bare -a status -d 'how the daemon and its upstream are'
complete -c presencectl -n $bare -a stats -d "the daemon's counters"
complete -c presencectl -n $bare -a channels -d 'what the daemon holds, and how old it is'
complete -c presencectl -n $bare -a explain -d 'what is held of a channel, and when it is fetched, and why'
complete -c presencectl -n $bare -a flush -d 'forget these channels; without any: everything held'
complete -c presencectl -n $bare -a reload -d 'read the configuration again; if it is wrong, say where'
complete -c presencectl -n $bare -a log-level -d 'log error, warning, info or debug, until told otherwise'
complete -c presencectl -n $bare -a ping -d 'whether the daemon answers, and how fast'
complete -c presencectl -n $bare -a hello -d "the daemon's version, protocol and limits"

complete -c presencectl -n '__fish_seen_subcommand_from here-now get-state set-state explain flush' \
    -a '(__presencectl_held channel)'
complete -c presencectl -n '__fish_seen_subcommand_from log-level' -a 'error warning info debug'
complete -c presencectl -n $named -s g -l group -x -a '(__presencectl_held group)' -d 'a channel group'
complete -c presencectl -n $states -s u -l uuid -x -d 'whose state'
complete -c presencectl -n '__fish_seen_subcommand_from set-state' -l state -x -d 'the state to set, a JSON object'
complete -c presencectl -n $here -l state -d "show each occupant's state"
complete -c presencectl -n $here -l no-uuids -d 'only count the occupants'
complete -c presencectl -n $here -l limit -x -d 'at most so many occupants of each channel'
complete -c presencectl -n $here -l offset -x -d 'leave out the first'
complete -c presencectl -n $here -l after -x -d 'only occupants that sort behind'
complete -c presencectl -n $queries -l max-age -x -d 'no answer older than this'
complete -c presencectl -n $queries -l stale-if-error -x -d 'if the service fails, accept one this old'
complete -c presencectl -n $queries -l timeout -x -d 'wait at most this long'
