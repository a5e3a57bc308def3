# Sourced by `run`: brings the pinned clients and servers to this machine, once, and finds our own binaries.
# Sets node, python, allin and fixture_server. What is slow to make lies in the user's cache, by the hash of the file
# that pins it; nothing outside this folder, the cache and the target folder is touched.

root=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/allin-peers
target=${CARGO_TARGET_DIR:-$root/target}
allin=${ALLIN_BIN:-$target/debug/allin}
fixture_server=${FIXTURE_SERVER_BIN:-$target/debug/examples/conformance_server}
node=
python=
# No caches beside the scripts.
export PYTHONDONTWRITEBYTECODE=1

hash_of() {
    { cat "$@" && uname -sm; } | if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c 1-16
}

# The npm package's Node where there is one for this system, else an installed one that is new enough: the suite and
# the AT Protocol server need 22.
need_node() {
    [ -n "$node" ] && return
    local hash installed=$here/node_modules/.lock-hash
    hash=$(hash_of "$here/package-lock.json")
    if [ "$(cat "$installed" 2>/dev/null)" != "$hash" ]; then
        # No install scripts: what has to be built is built below, and named.
        (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || return 1
        echo "$hash" >"$installed"
    fi
    node=$here/node_modules/.bin/node
    [ -x "$node" ] || node=$(command -v node)
    "$node" -e 'process.exit(parseInt(process.versions.node) >= 22 ? 0 : 1)' || {
        echo "Node 22 or newer is needed, and the npm registry has none for this system" >&2
        return 1
    }
}

# The AT Protocol server's database driver: C++, four minutes on a small machine, hence cached.
need_sqlite() {
    local driver=$here/node_modules/better-sqlite3/build/Release/better_sqlite3.node
    local cached headers
    cached=$cache/$(hash_of "$here/package-lock.json")/better_sqlite3.node
    [ -f "$driver" ] && return
    if [ ! -f "$cached" ]; then
        echo "compiling SQLite for Node, once" >&2
        headers=$(cd "$(dirname "$(readlink -f "$node")")/.." && pwd)
        (cd "$here" && PATH=$(dirname "$node"):$PATH npm_config_nodedir=$headers \
            npm rebuild better-sqlite3 --loglevel=error) >&2 || return 1
        mkdir -p "$(dirname "$cached")" && cp "$driver" "$cached.new" && mv "$cached.new" "$cached"
        return
    fi
    mkdir -p "$(dirname "$driver")" && cp "$cached" "$driver"
}

# A virtual environment, or a plain folder of packages where Python came without venv.
need_python() {
    [ -n "$python" ] && return
    local system folder
    system=$(command -v python3) || { echo "python3 is needed" >&2; return 1; }
    folder=$cache/$("$system" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')-$(hash_of "$here/requirements.txt")
    if [ ! -f "$folder/complete" ]; then
        rm -rf "$folder" && mkdir -p "$folder"
        if "$system" -m venv "$folder/venv" >/dev/null 2>&1 && [ -x "$folder/venv/bin/pip" ]; then
            "$folder/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" || return 1
        else
            rm -rf "$folder/venv"
            "$system" -m pip install --quiet --disable-pip-version-check --target "$folder/packages" \
                -r "$here/requirements.txt" || return 1
        fi
        touch "$folder/complete"
    fi
    if [ -d "$folder/venv" ]; then
        python=$folder/venv/bin/python
    else
        python=$system
        export PYTHONPATH=$folder/packages
    fi
}

need_fixture_server() {
    [ -x "$fixture_server" ] || (cd "$root" && cargo build --example conformance_server)
}

# What `strict` and `clients` talk to: the product, or the fixtures when PEERS_FIXTURES=1 (to try these scripts).
need_server() {
    if [ "${PEERS_FIXTURES:-}" = 1 ]; then
        need_fixture_server
    else
        [ -x "$allin" ] || (cd "$root" && cargo build --bin allin)
    fi
}
