#!/bin/sh
# Install what the browser tests need of Debian, where it is missing and this user may: Chromium, and
# the one library that Playwright's own program needs and a bare Debian lacks.
set -eu

missing=""
command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
  || command -v google-chrome >/dev/null || missing="chromium fonts-dejavu-core"
# Only Linux has ldconfig; it may stand in /sbin, which is not on everyone's path.
ldconfig=$(PATH="$PATH:/sbin:/usr/sbin" command -v ldconfig || true)
[ -z "$ldconfig" ] || "$ldconfig" -p | grep -q 'libatomic\.so\.1' || missing="$missing libatomic1"

[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The browser tests need: $missing. On Debian or Ubuntu: sudo apt-get install $missing" >&2
  exit 1
fi

echo "Installing for the browser tests: $missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # one word for each package
{ apt-get update -q && apt-get install -yq --no-install-recommends $missing; } >&2
