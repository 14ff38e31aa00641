#!/usr/bin/env bash
# One environment a peer under bench/peers/.venv/, from PyPI. A peer that fails to install is named, and the
# benches leave it out. Usage: bench/peers/setup.sh [NAME...]; PYTHON chooses the interpreter.
#
# requirements/NAME.txt is installed with everything it asks for, requirements/NAME.alone.txt without.
# PyTorch comes as the registry has it; PIP_EXTRA_INDEX_URL can point at CPU builds, which are smaller.
set -u
cd "$(dirname "$0")"
python=${PYTHON:-python3}
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in requirements/*.txt; do
    case $file in *.alone.txt) ;; *) names+=("$(basename "$file" .txt)") ;; esac
  done
fi

install() {
  local env=.venv/$1 wanted=requirements/$1.txt alone=requirements/$1.alone.txt
  [ -f "$alone" ] || alone=/dev/null
  if cat "$wanted" "$alone" | cmp -s - "$env/installed.txt"; then
    echo "$1: ready"
    return
  fi
  echo "$1: installing into bench/peers/$env"
  "$python" -m venv "$env" || return
  "$env/bin/pip" install --quiet --disable-pip-version-check -r "$wanted" || return
  if [ -s "$alone" ]; then
    "$env/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$alone" || return
  fi
  cat "$wanted" "$alone" >"$env/installed.txt"
}

failed=()
for name in "${names[@]}"; do
  install "$name" || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "not installed: ${failed[*]}" >&2
  exit 1
fi
