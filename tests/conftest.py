"""What holds for all tests: no network, no waiting threads, no files of hypothesis."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("JACK_NO_START_SERVER", "1")

from hypothesis import settings

settings.register_profile("daw_bridge", deadline=None, database=None, max_examples=60)
settings.load_profile("daw_bridge")
