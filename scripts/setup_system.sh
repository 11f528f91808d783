#!/usr/bin/env bash
# Installs missing system packages on Debian and Ubuntu as root; elsewhere says in one line what to install.
# usage: setup_system.sh play|test
set -euo pipefail

packages=(libportaudio2)
if [ "${1:-play}" = test ]; then
    packages+=(jackd2 liblo-tools puredata-core supercollider-language fluidsynth fluidr3mono-gm-soundfont espeak-ng)
fi

if command -v dpkg-query >/dev/null; then
    missing=()
    for package in "${packages[@]}"; do
        if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            # libportaudio2 is called libportaudio2t64 on some releases, which then provides the old name
            if ! dpkg-query -W -f='${Status} ${Provides}\n' "${package}t64" 2>/dev/null | grep -q 'ok installed'; then
                missing+=("$package")
            fi
        fi
    done
    if [ ${#missing[@]} = 0 ]; then
        exit 0
    fi
    if [ "$(id -u)" = 0 ]; then
        echo "installing ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null </dev/null
    else
        echo "please run: sudo apt-get install ${missing[*]}" >&2
    fi
    exit 0
fi

if [ "${1:-play}" = test ]; then
    missing=
    for program in jackd oscsend pd sclang fluidsynth espeak-ng; do
        command -v $program >/dev/null || missing="$missing $program"
    done
    if [ -n "$missing" ]; then
        echo "the tests that need these programs are skipped until you install:$missing (JACK, liblo, Pure Data, SuperCollider, FluidSynth, eSpeak NG)" >&2
    fi
elif [ "$(uname)" = Linux ] && ! ldconfig -p 2>/dev/null | grep -q libportaudio; then
    echo "for sound, install PortAudio (libportaudio2, portaudio) with your package manager" >&2
fi
