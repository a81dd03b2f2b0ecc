#!/usr/bin/env bash
# Lints the Dockerfile, builds the image and starts it, without a container engine: buildah, chroot isolation, vfs. All of it under .run/image.
#
#   image.sh                  the whole; the release build takes half an hour and more
#   image.sh --binary FILE    everything but compiling: FILE stands for what the stage `build` makes
#   image.sh --manifests      only as far as cargo: whether the stage `manifests` tells cargo all dependencies
#
# Where the bases' registries cannot be reached, a Debian of the same release stands in for each, made here from its packages, and the
# machine's Rust toolchain and certificates in the place of the builder's. The script says so: then it is not the pinned bases that were tried.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tools.sh
source deploy/tools.sh

tag=localhost/oncepost:local
mode=${1:-} binary=${2:-}
case $mode in '' | --manifests) ;; --binary) [ -x "$binary" ] || { echo "image.sh: --binary takes a program" >&2; exit 2; } ;; *)
    echo "image.sh does not know $mode" >&2; exit 2 ;; esac

python_tools hadolint python
hadolint Dockerfile
apt_tools buildah buildah skopeo skopeo curl curl pgrep procps

home=$PWD/.run/image
mkdir -p "$home/run" "$home/tmp"
export TMPDIR=$home/tmp
store=(--root "$home/storage" --runroot "$home/run" --storage-driver vfs)
bah() { local what=$1; shift; buildah "${store[@]}" "$what" "$@"; }

pinned() { sed -n "s/^ARG $1=//p" Dockerfile; }
arguments=(--build-arg "VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)" --build-arg "REVISION=$(git rev-parse HEAD)")
if timeout 20 skopeo inspect --raw "docker://$(pinned BASE)" >/dev/null 2>&1; then
    echo "image.sh: on the pinned bases" >&2
else
    echo "image.sh: no registry can be reached: Debian bookworm from its packages stands in for both bases" >&2
    apt_tools mmdebstrap mmdebstrap
    # stand_in NAME PACKAGES: a Debian with these, as a local image.
    stand_in() {
        local name=$1 packages=$2 container
        if bah inspect --type image "localhost/$name" >/dev/null 2>&1; then return; fi
        mmdebstrap --quiet --variant=essential --include="$packages" bookworm "$home/tmp/$name.tar"
        container=$(bah from --quiet scratch)
        bah add --quiet "$container" "$home/tmp/$name.tar" / >/dev/null
        bah config --env PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env CARGO_HOME=/usr/local/cargo --env RUSTUP_HOME=/usr/local/rustup "$container"
        bah commit --quiet --rm "$container" "localhost/$name" >/dev/null
        rm "$home/tmp/$name.tar"
    }
    stand_in oncepost-base libgcc-s1,ca-certificates
    stand_in oncepost-builder libc6-dev,gcc,ca-certificates
    arguments+=(--build-arg BUILDER=localhost/oncepost-builder --build-arg BASE=localhost/oncepost-base --pull-never
        --volume "${CARGO_HOME:-$HOME/.cargo}:/usr/local/cargo" --volume "${RUSTUP_HOME:-$HOME/.rustup}:/usr/local/rustup:ro"
        --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "$tools/cargo:/opt/tools")
    mkdir -p "$tools/cargo"
fi

build() { bah build --isolation chroot --network host "${arguments[@]}" "$@" .; }

if [ "$mode" = --manifests ]; then
    build --quiet --target manifests --tag "$tag-manifests" >/dev/null
    container=$(bah from --quiet --pull-never "$tag-manifests")
    mounted=$(bah mount "$container")
    # Resolves everything by the lock file, compiles nothing.
    (cd "$mounted/src" && cargo metadata --locked --format-version 1 >/dev/null && cargo tree --locked -p oncepost --depth 1 | head -n 1)
    files=$(find "$mounted/src" -name '*.rs' | wc -l)
    bah rm "$container" >/dev/null
    echo "manifests: every dependency is resolved by the lock file; $files stubs"
    exit
fi
if [ "$mode" = --binary ]; then
    made=$(bah from --quiet scratch)
    bah copy --quiet "$made" "$binary" /src/target/release/oncepost >/dev/null
    bah commit --quiet --rm "$made" localhost/oncepost-built >/dev/null
    arguments+=(--build-context "build=container-image://localhost/oncepost-built")
fi
build --tag "$tag" >&2

container=$(bah from --quiet --pull-never "$tag")
trap 'bah rm "$container" >/dev/null' EXIT
fact() { printf '%-10s %s\n' "$1" "$2"; }
inside() { bah run --isolation chroot "$container" -- "$@"; }

version=$(inside /usr/local/bin/oncepost --version)
fact version "$version"
user=$(bah inspect --type image --format '{{.OCIv1.Config.User}}' "$tag")
[ "$user" = 65532:65532 ] || { echo "image.sh: it would run as '$user'" >&2; exit 1; }
fact user "$user"
root=$(bah mount "$container")
fact size "$(du -sm "$root" | cut -f 1) MB unpacked"
sbom=$(bah inspect --type image --format '{{index .OCIv1.Config.Labels "oncepost.sbom"}}' "$tag")
"$tools/venv/bin/python" deploy/supply/sbom.py "$root$sbom" >"$home/tmp/sbom"
fact contents "$sbom: $(sed 's/.*: //' "$home/tmp/sbom")"

# Everything in one process, as that user: the root belongs to another and cannot be written, all there is to write to is /tmp.
inside /usr/local/bin/oncepost openapi >"$home/tmp/openapi.json"
[ -s "$home/tmp/openapi.json" ] || { echo "image.sh: it prints no description of its API" >&2; exit 1; }
log=$home/tmp/started
free_port() { python3 -c 'import socket; one = socket.socket(); one.bind(("127.0.0.1", 0)); print(one.getsockname()[1])'; }
health=127.0.0.1:$(free_port)
bah run --isolation chroot --env ONCEPOST__LEDGER__URL=sqlite:///tmp/oncepost.db --env ONCEPOST__API__LISTEN="127.0.0.1:$(free_port)" \
    --env ONCEPOST__HEALTH__LISTEN="$health" "$container" -- /usr/local/bin/oncepost dev >"$log" 2>&1 &
running=$!
ready=no
for _ in $(seq 150); do
    if curl --silent --fail "http://$health/readyz" >/dev/null; then ready=yes; break; fi
    kill -0 "$running" 2>/dev/null || break
    sleep 0.2
done
if [ $ready = no ]; then cat "$log" >&2; echo "image.sh: it did not become ready" >&2; exit 1; fi
# The program itself: the last of buildah's children and their children. Any of a process's threads may have begun a child, so the kernel's list of what
# the first thread began would now and then end at buildah.
process=$running
while child=$(pgrep --parent "$process" | head -n 1) && [ -n "$child" ]; do process=$child; done
[ "$(awk '/^Uid:/ { print $2 }' "/proc/$process/status")" = 65532 ] || { echo "image.sh: it runs as root" >&2; exit 1; }
fact started "ready, as user 65532"
kill -TERM "$process"
wait "$running" || { cat "$log" >&2; echo "image.sh: it did not end in order" >&2; exit 1; }
fact ended "in order, on SIGTERM"
