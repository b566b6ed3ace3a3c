
# behind `cargo xtask` these, else cargo's own
_cargo_or_xtask() {
    if (( CURRENT > 2 )) && [[ $words[2] == xtask ]]; then
        shift words
        (( CURRENT-- ))
        _cargo-xtask
    elif [[ -n $_cargo_alone ]]; then
        $_cargo_alone "$@"
    else
        compadd xtask
    fi
}

if [[ $_comps[cargo] != _cargo_or_xtask ]]; then
    _cargo_alone=$_comps[cargo]
    compdef _cargo_or_xtask cargo
fi
