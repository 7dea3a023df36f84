#!/bin/sh
# The main job end to end, in a scratch directory, with the embedded registry and no server:
# a platform team publishes a signed version, a data team pins it and compiles its project.
set -eu
scratch=$1
here=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$scratch"
mkdir -p "$scratch"
scratch=$(cd "$scratch" && pwd)

# Everything stays inside the scratch directory, the user's own settings and registry included.
export XDG_DATA_HOME="$scratch/home/data" XDG_CONFIG_HOME="$scratch/home/config" XDG_STATE_HOME="$scratch/home/state"
export COSIGN_PASSWORD="demo"
unset FLOE_REGISTRY FLOE_CONFIG FLOE_SIGNING_KEY 2>/dev/null || true

run() {
    printf '\n\033[1m%s$ %s\033[0m\n\n' "$(basename "$PWD")" "$*"
    "$@"
}

cp -R "$here/examples/acme-platform" "$scratch/acme-platform"
cp -R "$here/examples/customer-analytics" "$scratch/customer-analytics"

cd "$scratch/acme-platform"
run floe platform keygen
run floe platform compile
run floe platform test
run floe platform publish v1.2.3

cd "$scratch/customer-analytics"
run floe init --platform=v1.2.3
run floe compile

printf '\nThe scratch directory is %s. Next, in the workbench:\n  FLOE_REGISTRY=%s %s --dir %s\n' "$scratch" \
    "oci-layout:$XDG_DATA_HOME/floe/registry/floe-platform" "$(command -v floe-tui)" "$scratch/acme-platform"
