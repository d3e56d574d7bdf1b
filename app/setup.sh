# setup.sh: what app/start and tests/run share: packages and builds. Sourced, in the project's root folder, by scripts
# that have set pipefail.

build_packages="gcc libc6-dev cmake ninja-build pkg-config liblua5.4-dev libsqlite3-dev libopenblas-dev
  libgsl-dev libjansson-dev libxxhash-dev libutf8proc-dev libreadline-dev libncurses-dev libvterm-dev zlib1g-dev dataset-fashion-mnist git ca-certificates"

die() { printf '%s\n' "$*" >&2; exit 2; }

# need_packages NAME...: install what is missing, as root or through sudo. Asks apt only when something is.
need_packages() {
  local missing="" as_root=""
  command -v apt-get >/dev/null || return 0 # another system: the build says what it does not find
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing="$missing $name"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "these packages are missing, and installing them needs root or sudo:$missing"
    as_root="sudo"
  fi
  printf 'installing:%s\n' "$missing" >&2
  $as_root apt-get update -q >&2 || die "apt-get update failed"
  # shellcheck disable=SC2086 # a list of names
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >&2 ||
    die "apt-get could not install:$missing"
}

# build FOLDER CMAKE-OPTION...: configure once, then build what changed; quiet unless something is done.
build() {
  local folder=$1
  shift
  if [ ! -f "$folder/build.ninja" ]; then
    cmake -S . -B "$folder" -G Ninja "$@" >&2 || die "cmake failed in $folder"
  fi
  ninja -C "$folder" --quiet | sed '/^ninja: no work to do\.$/d' >&2 || die "the build failed in $folder"
}
