#!/usr/bin/env bash
# Makes stand-ins under the names that emitted Dockerfiles begin with, so that they are built unchanged and no registry
# is asked for an image: base.sh UV_IMAGE PYTHON_IMAGE. Debian comes by mmdebstrap, Python and uv are this machine's.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/env.sh

stop() { printf 'images: %s\n' "$*" >&2; exit 1; }

uv_image=$1 python_image=$2
((EUID == 0)) || stop "needs root: it mounts images and enters them"

for program in buildah mmdebstrap; do
    command -v $program >/dev/null || {
        apt-get update --quiet --quiet
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --quiet --no-install-recommends buildah mmdebstrap
        break
    }
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if ! buildah inspect --type image "$uv_image" >/dev/null 2>&1; then
    [[ $(uv --version) == "uv ${uv_image##*:}"* ]] || stop "$uv_image is wanted, here is $(uv --version)"
    container=$(buildah from scratch)
    buildah copy --quiet "$container" "$(command -v uv)" /uv
    buildah commit --quiet --rm "$container" "$uv_image"
fi

if ! buildah inspect --type image "$python_image" >/dev/null 2>&1; then
    prefix=$("${UV_PYTHON:-python3}" -c 'import sys; print(sys.base_prefix)')
    version=$("$prefix/bin/python3" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [[ $prefix != /usr ]] || stop "needs a Python with a prefix of its own, as pyenv builds it"
    [[ $python_image == *":$version-slim" ]] || stop "$python_image is wanted, $prefix holds Python $version"
    root=$scratch/root
    mkdir "$root"
    source /etc/os-release
    mmdebstrap --quiet --variant=minbase "$VERSION_CODENAME" - | tar -x -C "$root" --exclude='./dev/*'
    tar -c -C "$prefix" --exclude=./share --exclude=./lib/python*/{test,idlelib,config-*,tkinter} --exclude=__pycache__ \
        --exclude='_tkinter*' --exclude='*.a' . | tar -x -C "$root/usr/local"
    # The libraries that it was linked to and that Debian's smallest system lacks.
    find "$root/usr/local" -name '*.so*' -type f -exec ldd {} + | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u |
        while read -r library; do
            [[ $library == "$prefix"* || -e $root$library ]] || cp --dereference "$library" "$root$library"
        done
    chroot "$root" ldconfig
    chroot "$root" python3 -c 'import bz2, ctypes, lzma, readline, sqlite3, ssl, uuid, zlib'
    # What this machine trusts: it may reach the package index by a proxy with a certificate of its own.
    mkdir -p "$root/etc/ssl/certs"
    cp --dereference "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
    container=$(buildah from scratch)
    cp --archive "$root/." "$(buildah mount "$container")"
    buildah umount "$container" >/dev/null
    buildah config --cmd python3 --env LANG=C.UTF-8 --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
        --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$python_image"
fi
