#!/usr/bin/env bash
# Stops what up.sh started. The data stay in ./.run.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=stack.sh
source "$(dirname "${BASH_SOURCE[0]}")/stack.sh"

stopping=()
for kind in "${kinds[@]}"; do
    "$here/server.sh" stop "$kind" "$run/$kind" &
    stopping+=($!)
done
for pid in "${stopping[@]}"; do wait "$pid"; done
