#!/usr/bin/env bash
# Installs the real credential tools and their clients that the integration tests run (Debian and its children).
# Installs what is missing and nothing else, so that it can be run again at any time.
set -euo pipefail

# program → the package that brings it. Programs are looked for where Debian puts them: a shim of the same name that
# stands earlier on PATH (pyenv's `aws`, for one) is not the tool.
tools=(
  pass=pass
  gpg=gnupg
  age=age
  git=git
  gh=gh
  jq=jq
  openssl=openssl
  docker-credential-pass=golang-docker-credential-helpers
  docker-credential-secretservice=golang-docker-credential-helpers
  secret-tool=libsecret-tools
  dbus-daemon=dbus-daemon
  gnome-keyring-daemon=gnome-keyring
  aws=awscli
  skopeo=skopeo
  script=bsdutils
  python3=python3
  ps=procps
  zsh=zsh
  fish=fish
)

# cargo's credential providers came with 1.74: the plain package of Debian 12 is older, and any cargo that is there is newer.
cargo_packages=(cargo-web cargo)

has_candidate() {
  apt-cache policy "$1" | grep -q 'Candidate: [^(]'
}

missing_packages() {
  local tool
  for tool in "${tools[@]}"; do
    [[ -x /usr/bin/${tool%%=*} ]] || echo "${tool#*=}"
  done | sort -u
  command -v cargo > /dev/null || echo cargo
}

mapfile -t missing < <(missing_packages)

if ((${#missing[@]} > 0)); then
  as_root=()
  if ! command -v apt-get > /dev/null; then
    echo "No apt-get here. Install by hand: ${missing[*]}" >&2
    exit 1
  fi
  if ((EUID != 0)); then
    if ! command -v sudo > /dev/null || ! sudo -n true 2> /dev/null; then
      echo "Needs root, or sudo without a password. Missing: ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo -n)
  fi
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)

  "${apt[@]}" update
  packages=()
  for package in "${missing[@]}"; do
    if [[ $package == cargo ]]; then
      for package in "${cargo_packages[@]}"; do
        has_candidate "$package" && break
      done
    fi
    packages+=("$package")
  done
  echo "Installing ${packages[*]}"
  log=$(mktemp)
  if ! "${apt[@]}" install -y --no-install-recommends "${packages[@]}" < /dev/null > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
  rm -f "$log"
fi

for tool in "${tools[@]}"; do
  printf '%-32s %s\n' "/usr/bin/${tool%%=*}" "$(dpkg-query -W -f '${Package} ${Version}' "${tool#*=}" 2> /dev/null || echo "not from a package")"
done
printf '%-32s %s\n' "$(command -v cargo)" "$(cargo --version)"

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} > 0)); then
  echo "Still missing: ${missing[*]}" >&2
  exit 1
fi
