#!/usr/bin/env bash
# image.sh - the test bed's image with compilers in it: nemobed:<openclaw-version> becomes nemobed:<openclaw-version>-labels.
#
#   usage: image.sh <openclaw-version>…
#   env:   NEMOBED_CACHE  cache directory of the test bed (default ${XDG_CACHE_HOME:-~/.cache}/nemobed)
#
# On top of the bed's image: gcc, make, go, javac/java, rustc, cargo, pytest, ripgrep (Debian packages of the image's own suite) and
# /opt/jstools with typescript, vitest and jest (npm). What is installed is caught by an overlay over the bed's base, so that only
# the difference becomes the new layer. Needs: root, npm, a Docker engine (../bed/sandbox/engine.sh), the bed's images.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: image.sh <openclaw-version>…" >&2; exit 2; }
CACHE=${NEMOBED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nemobed}
BASE=$CACHE/base-${NEMOBED_SUITE:-bookworm}
TOP=$CACHE/labels-toolchains
[ -e "$BASE/.done" ] || { echo "no base at $BASE: run test/bed/sandbox/image.sh first" >&2; exit 1; }

if [ ! -e "$TOP/.done" ]; then
  [ "$(id -u)" = 0 ] || { echo "the first build needs root (overlay, chroot)" >&2; exit 1; }
  rm -rf "$TOP"; mkdir -p "$TOP/upper" "$TOP/work" "$TOP/root" "$TOP/js"
  mount -t overlay overlay -o "lowerdir=$BASE,upperdir=$TOP/upper,workdir=$TOP/work" "$TOP/root"
  mount -t proc proc "$TOP/root/proc"
  trap 'umount "$TOP/root/proc" "$TOP/root" 2>/dev/null || true' EXIT
  cp /etc/resolv.conf "$TOP/root/etc/resolv.conf"
  mkdir -p "$TOP/root/usr/share/man/man1"
  printf '#!/bin/sh\nexit 101\n' >"$TOP/root/usr/sbin/policy-rc.d"; chmod 755 "$TOP/root/usr/sbin/policy-rc.d"
  chroot "$TOP/root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    gcc libc6-dev make golang-go openjdk-17-jdk-headless rustc cargo ripgrep python3-pytest' >"$TOP/apt.log" 2>&1 || { tail -5 "$TOP/apt.log" >&2; exit 1; }
  umount "$TOP/root/proc" "$TOP/root"; trap - EXIT
  rm -rf "$TOP/upper"/var/cache/apt "$TOP/upper"/var/lib/apt/lists "$TOP/upper"/usr/share/{doc,man,locale,info,lintian} \
    "$TOP/upper"/etc/resolv.conf "$TOP/upper"/usr/sbin/policy-rc.d "$TOP/upper"/{proc,sys,dev,tmp,run}
  (cd "$TOP/js" && npm init -y >/dev/null 2>&1 && npm i --ignore-scripts --no-audit --no-fund --loglevel=error typescript@5 vitest@3 jest@30)
  mkdir -p "$TOP/upper/opt/jstools"; cp -a "$TOP/js/node_modules" "$TOP/upper/opt/jstools/"; chown -R 0:0 "$TOP/upper/opt"
  touch "$TOP/.done"
fi
for V in "$@"; do
  docker image inspect "nemobed:$V-labels" >/dev/null 2>&1 && { echo "nemobed:$V-labels is already there"; continue; }
  CID=$(docker create --name "nemobed-labels-build-$$" "nemobed:$V")
  trap 'docker rm -f "$CID" >/dev/null' EXIT
  tar -cf - --numeric-owner -C "$TOP/upper" . | docker cp - "$CID:/"
  docker commit "$CID" "nemobed:$V-labels" >/dev/null
  docker rm -f "$CID" >/dev/null; trap - EXIT
  echo "nemobed:$V-labels built"
done
