#!/bin/sh
# Kill the real floe-tui at N random moments of typing (100), and look each time whether the next start
# has the text: everything that stood on the screen a second before.
set -eu
cd "$(dirname "$0")/.."
FLOE_CRASHES="${1:-100}" exec python -m pytest -q tests/tui/test_safekeeping.py -k killed_at_any_moment
