#!/usr/bin/env bash
# Trains the bundled model from nothing: corpus, codec, tokens, words, language model. Every step resumes where
# it was. Arguments such as loop.minutes=5 go to all trainers; to that of the words only loop.* and device do.
# PIECES: items to compose. PIECE_MINUTES: stop after so many minutes with exit code 75; the next call goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${BIN:-.venv/bin}/python
pieces=${PIECES:-2400}
valid=120
cores=$(getconf _NPROCESSORS_ONLN)
words=()
until=${PIECE_MINUTES:+$(($(date +%s) + PIECE_MINUTES * 60))}
if [ -n "$until" ] && ! command -v timeout >/dev/null; then
    echo "PIECE_MINUTES needs the program timeout (GNU coreutils)" >&2
    exit 1
fi

pause() {
    echo "stopped after $PIECE_MINUTES minutes: the next call goes on from here"
    exit 75
}

# a step of the way, interrupted when the time is up
step() {
    if [ -z "$until" ]; then
        "$python" -m "$@"
        return
    fi
    local left=$((until - $(date +%s))) code=0
    [ "$left" -gt 0 ] || pause
    timeout --foreground --signal=INT --kill-after=60 "$left" "$python" -m "$@" || code=$?
    case $code in
        0) ;;
        124) pause ;;
        137) if [ "$(date +%s)" -ge "$until" ]; then pause; else exit "$code"; fi ;;
        *) exit "$code" ;;
    esac
}

cat <<TEXT
Training mini, in six steps, each of which can be interrupted and taken up again:
  1. compose and render $pieces items into build/corpus (32 s each)
  2. train the codec on them         (genmodels/training/configs/mini_codec.yaml)
  3. turn the items into tokens
  4. teach the words of the captions (genmodels/training/configs/mini_text.yaml)
  5. train the language model        (genmodels/training/configs/mini_lm.yaml)
  6. write codec and model into genmodels/checkpoints/mini
Trying out how long that takes here ...
TEXT

step genmodels.training.estimate --items $((pieces + valid)) --workers "$cores" --piece "${PIECE_MINUTES:-0}" "$@"
step genmodels.training.corpus --out build/corpus --count "$pieces" --seed 1 --workers "$cores"
step genmodels.training.corpus --out build/corpus-valid --count "$valid" --seed 900001 --workers "$cores"
step genmodels.training.train_codec "$@"
step genmodels.training.encode build/corpus build/codec/checkpoint.pt
step genmodels.training.encode build/corpus-valid build/codec/checkpoint.pt
# the words are the same for every model: of the settings they take only how long and where
for setting in "$@"; do
    case $setting in loop.* | device=*) words+=("$setting") ;; esac
done
step genmodels.training.train_text ${words[@]+"${words[@]}"}
step genmodels.training.train_lm "$@"
# takes seconds, and is not to be cut: half of it would be a model of two trainings
"$python" -m genmodels.training.export
