#!/bin/sh
# What CI does with this platform: the same on every service, and on your own machine.
#
#   sh ci/platform.sh check             a change: its problems, its policy tests, and what it costs
#   sh ci/platform.sh publish v1.2.3    a tag: publish that version, signed
#
# FLOE_REGISTRY says where (oci://host/repository). `check` writes what the change means for projects, as
# Markdown, into the file that FLOE_REPORT names. `publish` signs with the key of FLOE_SIGNING_KEY (a file,
# env://NAME, or a program; its password is COSIGN_PASSWORD), else with the job's own identity.
set -eu

case ${1:-} in
check)
    if [ -n "${GITHUB_ACTIONS:-}" ]; then
        floe platform check --output github
    else
        floe platform check
    fi
    floe platform test
    floe platform bump --dry-run
    if [ -n "${FLOE_REPORT:-}" ]; then
        if floe platform bump --dry-run --output json | grep -q '"previous": null'; then
            printf '### Platform\n\nNothing is published yet: this will be the first version.\n' >"$FLOE_REPORT"
        else
            floe platform diff 'v*' manifest.yaml --output markdown >"$FLOE_REPORT"
        fi
    fi
    ;;
publish)
    version=${2:?which version? sh ci/platform.sh publish v1.2.3}
    if [ -n "${FLOE_SIGNING_KEY:-}" ]; then
        floe platform publish "$version"
    elif [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}${SIGSTORE_ID_TOKEN:-}" ]; then
        floe platform publish "$version" --keyless
    else
        echo "error: nothing to sign with: an unsigned platform could be anybody's" >&2
        echo "  hint: set FLOE_SIGNING_KEY, or let the job have an OpenID token" >&2
        exit 2
    fi
    ;;
*)
    echo "usage: sh ci/platform.sh check | publish VERSION" >&2
    exit 2
    ;;
esac
