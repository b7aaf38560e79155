#!/bin/sh
# venv.sh FOLDER: make the virtual environment if it is not there yet.
set -eu

folder=$1
python=${PYTHON:-python3}

[ ! -x "$folder/bin/pip" ] || exit 0

command -v "$python" >/dev/null || { echo "Python 3.11 or newer is needed: $python was not found." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Python 3.11 or newer is needed; $python is $("$python" -V 2>&1). Try: make PYTHON=python3.11" >&2
  exit 1
}

# Debian's own Python comes without ensurepip, which a virtual environment needs.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq python3-venv; } >&2
  else
    echo "$python cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install python3-venv" >&2
    exit 1
  fi
fi

echo "Making $folder. The first installation downloads about 400 MB and takes some minutes."
"$python" -m venv "$folder"
