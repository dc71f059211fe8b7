# Stands in for an agent: does the task it is told, commits, and says what it did.
set -eu

commit() {
    git add --all
    git commit --quiet --message "$1"
    printf '{"status": "done", "commit": "%s", "notes": "%s"}\n' "$(git rev-parse HEAD)" "$1"
}

case "$ENACT_TASK" in
1)
    printf 'echo "Hello $1"\n' >greet.sh
    commit "Greet somebody"
    ;;
2)
    printf 'echo "Hello ${1:-World}"\n' >greet.sh
    if [ "$ENACT_ATTEMPT" = 1 ]; then
        # Claims what it did not do: nothing was committed.
        printf '{"status": "done", "commit": "%s"}\n' "$(git rev-parse HEAD)"
    else
        commit "Greet the world by default"
    fi
    ;;
3)
    printf '\n## Usage\n\n    sh greet.sh [NAME]\n' >>README.md
    commit "Say how it is used"
    ;;
4)
    if ! grep -q "English and Finnish" "$ENACT_PROMPT_FILE"; then
        printf '{"status": "KICKBACK", "signal": "missing_context", "reason": "the plan does not say which languages", "recommendation": "name them"}\n'
        exit 0
    fi
    printf 'English Hello\nFinnish Hei\n' >languages.txt
    commit "List the languages"
    ;;
5)
    printf 'word=$(sed -n "s/^${2:-English} //p" languages.txt)\necho "$word ${1:-World}"\n' >greet.sh
    commit "Choose the language"
    ;;
6)
    version=0.1.0
    if grep -q 0.0.1 "$ENACT_PROMPT_FILE"; then version=0.0.1; fi
    printf '# Changelog\n\n## %s\n\n- Greets in English and Finnish.\n' "$version" >CHANGELOG.md
    commit "Tell the world"
    ;;
esac
