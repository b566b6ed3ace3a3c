
# behind `cargo xtask` these, else cargo's own
_cargo_or_xtask() {
    if [[ ${COMP_WORDS[1]} == xtask && $COMP_CWORD -gt 1 ]]; then
        COMP_WORDS=("${COMP_WORDS[@]:1}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _xtask xtask "$2" "$3"
    elif declare -F _cargo > /dev/null; then
        _cargo "$@"
    elif [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W xtask -- "$2"))
    fi
}

# bash-completion loads cargo's at the first use, which would replace this one
if ! declare -F _cargo > /dev/null; then
    for _loader in _comp_load _completion_loader; do
        if declare -F "$_loader" > /dev/null; then
            "$_loader" cargo > /dev/null 2>&1
            break
        fi
    done
    unset _loader
fi
complete -F _cargo_or_xtask -o bashdefault -o default cargo
