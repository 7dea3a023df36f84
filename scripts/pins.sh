#!/bin/sh
# Writes the pins anew, each set resolved for the lowest Python that pyproject.toml promises, whatever
# Python runs here. Pins that still fit stay; `make pins UPGRADE=1` takes the newest of everything.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}
command -v "$uv" >/dev/null 2>&1 || {
    echo "uv is missing: it resolves for a Python that is not here (pip install uv, or name one: make pins UV=…)." >&2
    exit 1
}
lowest=$(sed -n 's/^requires-python = ">=\(.*\)"$/\1/p' pyproject.toml)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# resolve FILE REQUIREMENTS OPTION…: the comment that begins FILE stays.
resolve() {
    file=$1 requirements=$2
    shift 2
    sed -n '/^#/!q; p' "$file" >"$scratch/head"
    cp "$file" "$scratch/pins"
    [ -z "${UPGRADE:-}" ] || set -- "$@" --upgrade
    "$uv" pip compile --quiet --no-header --no-annotate --no-config --python-version "$lowest.0" \
        --output-file "$scratch/pins" "$@" "$requirements"
    cat "$scratch/head" "$scratch/pins" >"$scratch/whole"
    cp "$scratch/whole" "$file"
    echo "$file: $(grep -c == "$file") pins for Python $lowest"
}

resolve constraints.txt pyproject.toml --extra test
# Older adapters of dbt need what setuptools brings, and uv must not leave it out of the pins.
cat >"$scratch/dbt.in" <<'LIST'
dbt-core<1.12
dbt-bigquery
dbt-bouncer==4.3.*
dbt-databricks
dbt-duckdb
dbt-postgres
dbt-redshift
dbt-snowflake
dbt-spark[pyhive]
dbt-trino
LIST
resolve constraints-dbt.txt "$scratch/dbt.in" --allow-unsafe

# What action.yml installs, each file by its hash, the build's own tools included.
sed 's/;.*//' constraints.txt >"$scratch/constraints"
echo "hatchling>=1.27" >"$scratch/build.in"
resolve requirements-action.txt pyproject.toml "$scratch/build.in" --extra lineage --universal --generate-hashes \
    --constraint "$scratch/constraints"

# What the release is built, described and signed with.
printf '%s\n' 'hatchling>=1.27' 'cyclonedx-bom>=7,<8' 'sigstore>=4.5.1,<5' >"$scratch/release.in"
resolve requirements-release.txt "$scratch/release.in" --universal --generate-hashes --constraint "$scratch/constraints"
