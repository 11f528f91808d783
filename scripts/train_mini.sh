#!/usr/bin/env bash
# Trains the bundled model from nothing: corpus, codec, tokens, language model. Every step resumes where it was.
# Arguments such as loop.minutes=5 go to both trainers.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${BIN:-.venv/bin}/python
pieces=${PIECES:-2400}
cores=$(getconf _NPROCESSORS_ONLN)

cat <<TEXT
Training mini, in five steps, each of which can be interrupted and taken up again:
  1. compose and render $pieces items into build/corpus (32 s each, about 34 times real time a core)
  2. train the codec on them         (genmodels/training/configs/mini_codec.yaml)
  3. turn the items into tokens
  4. train the language model        (genmodels/training/configs/mini_lm.yaml)
  5. write both into genmodels/checkpoints/mini
TEXT

for step in "build/corpus $pieces 1" "build/corpus-valid 120 900001"; do
    read -r folder count seed <<<"$step"
    "$python" -m genmodels.training.corpus --out "$folder" --count "$count" --seed "$seed" --workers "$cores"
done
"$python" -m genmodels.training.train_codec "$@"
for folder in build/corpus build/corpus-valid; do
    "$python" -m genmodels.training.encode "$folder" build/codec/checkpoint.pt
done
"$python" -m genmodels.training.train_lm "$@"
"$python" -m genmodels.training.export
