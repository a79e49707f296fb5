# Completion of fish for minivpn. What may stand where is asked of the program itself, by `minivpn complete`.

function __minivpn_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l program $words[1]
    set -e words[1]
    command $program complete $words 2>/dev/null | while read -l line
        if test "$line" = :files
            __fish_complete_path "$current"
        else if not string match -q -- '-*' $line; or string match -q -- '-*' $current
            echo $line
        end
    end
end

complete --command minivpn --no-files --keep-order --arguments '(__minivpn_complete)'
