#!/usr/bin/env bash
# Installs what hebb is built and tested with on Debian or Ubuntu, where it is missing and where that
# is allowed, and says what stays missing. Where nothing is missing it takes no time.
# PEER=torch installs PyTorch too, for the column beside ours in make bench.
cd "$(dirname "$0")/.." || exit

packages=(gcc libc6-dev pkg-config libgl-dev libegl1 libegl-dev libgl1-mesa-dri xorg-dev xvfb xauth
	glslang-tools glslc mesa-vulkan-drivers libvulkan-dev openmpi-bin libopenmpi-dev qemu-user dataset-fashion-mnist)
# Torch's products are by whatever BLAS there is. An OpenBLAS of OpenMP shares torch's threads, and those of its other
# variants get in their way; without any they are by the reference BLAS, fifty times slower.
[ "$PEER" = torch ] && packages+=(python3-torch libopenblas0-openmp)

say() { printf 'setup: %s\n' "$*"; }

# there PACKAGE: is it installed, or something that takes its place?
there() {
	case $1 in
	gcc) command -v gcc >/dev/null && return ;;
	pkg-config) command -v pkg-config >/dev/null && return ;;
	esac
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -qq "$@"; }

install_missing() {
	local missing=() p
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		say 'not a Debian or Ubuntu, so nothing is installed'
		return
	fi
	for p in "${packages[@]}"; do
		there "$p" || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return
	say "missing packages: ${missing[*]}"
	if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && command -v sudo >/dev/null; }; then
		say "no right to install them; as root: apt-get install ${missing[*]}"
		return
	fi
	apt update || say 'apt-get update failed; trying with the lists there are'
	if ! apt install -y --no-install-recommends "${missing[@]}" >/dev/null; then
		say 'not all of them can be installed together; trying one by one'
		for p in "${missing[@]}"; do
			apt install -y --no-install-recommends "$p" >/dev/null || say "cannot install $p"
		done
	fi
}

need_go() {
	local want
	want=$(sed -n 's/^go //p' go.mod)
	if ! command -v go >/dev/null; then
		say "no go command: Go $want or later is needed, see https://go.dev/doc/install"
		exit 1
	fi
	if ! go version >/dev/null 2>&1; then # an older one that may not fetch the toolchain it needs
		say "$(GOTOOLCHAIN=local go version 2>&1 | head -n 1)"
		say "Go $want or later is needed, see https://go.dev/doc/install"
		exit 1
	fi
}

need_go
install_missing
. ci/have.sh
if [ -n "$LACKING" ]; then
	say 'going on without:'
	printf '%s' "$LACKING"
fi
say "CGO_ENABLED=$CGO_ENABLED tags=${TAGS:-none}"
