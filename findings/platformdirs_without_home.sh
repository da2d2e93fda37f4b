#!/usr/bin/env bash
# platformdirs 4.14.7: user_data_path of a user without a home (no HOME, no entry in the list of users, as services
# and containers with a bare number have) raises RuntimeError. A good guess, right for 4.3.6, is that it returns a
# path whatever happens: there it is relative and begins with a tilde, so that who makes it gets a folder called "~"
# in the current one. Programs that ask at every turn must expect both. Seen in the output below.
set -euo pipefail
if [ "$(id -u)" != 0 ]; then
  echo "Run this as root: it takes the number of a user that does not exist."
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
python3 -m venv "$work/venv"
ask() {
  "$work/venv/bin/pip" install --quiet "platformdirs==$1"
  env -i PATH="$PATH" setpriv --reuid=54321 --regid=54321 --clear-groups "$work/venv/bin/python" -c '
import platformdirs
try:
    print(platformdirs.__version__, "returns", platformdirs.user_data_path("mine"))
except Exception as error:
    print(platformdirs.__version__, "raises", type(error).__name__)
'
}
old=$(ask 4.3.6)
new=$(ask 4.14.7)
echo "$old; $new"
[ "$old" = "4.3.6 returns ~/.local/share/mine" ]
[ "$new" = "4.14.7 raises RuntimeError" ]
