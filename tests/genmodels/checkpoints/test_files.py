"""Where files are looked for: folders, URLs, the hub and its cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from genmodels.checkpoints.files import cached, locate, sibling
from genmodels.errors import CheckpointError

COMMIT = "0123456789" * 4


def put(cache: Path, hub_id: str, filename: str, content: bytes = b"x") -> Path:
    """A file in the hub's cache, as a download leaves it."""
    hub = cache / f"models--{hub_id.replace('/', '--')}"
    path = hub / "snapshots" / COMMIT / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (hub / "refs").mkdir(exist_ok=True)
    (hub / "refs" / "main").write_text(COMMIT)
    return path


def test_a_file_and_the_first_of_a_folders_files_are_taken(tmp_path: Path) -> None:
    (tmp_path / "b.bin").touch()
    assert locate(tmp_path / "b.bin", ("a.bin",)) == tmp_path / "b.bin"
    assert locate(tmp_path, ("a.bin", "b.bin")) == tmp_path / "b.bin"
    (tmp_path / "a.bin").touch()
    assert locate(str(tmp_path), ("a.bin", "b.bin")) == tmp_path / "a.bin"


def test_a_folder_without_the_files_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(CheckpointError, match=r"none of state_dict\.bin.*it holds: notes\.txt"):
        locate(tmp_path, ("state_dict.bin",))


@pytest.mark.parametrize("name", ["no-such-model", "a b/c", "/no/such/folder", "small/../large", ""])
def test_an_unknown_name_says_where_names_are_listed(name: str) -> None:
    with pytest.raises(CheckpointError, match="daw-bridge models"):
        locate(name, ("state_dict.bin",))


def test_an_alias_is_found_in_the_cache_without_the_network(own_cache: Path) -> None:
    path = put(own_cache, "facebook/musicgen-small", "state_dict.bin")
    for name in ("small", "facebook/musicgen-small", "//pretrained/facebook/musicgen-small"):
        assert locate(name, ("state_dict.bin",)) == path


def test_hf_home_is_the_cache_where_audiocrafts_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUDIOCRAFT_CACHE_DIR")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    path = put(tmp_path / "hf" / "hub", "someone/tune", "state_dict.bin")
    assert locate("someone/tune", ("state_dict.bin",)) == path


def test_offline_without_the_file_names_it_and_the_cache(own_cache: Path) -> None:
    with pytest.raises(CheckpointError) as raised:
        locate("facebook/musicgen-large", ("state_dict.bin", "config.json"))
    for part in (
        "state_dict.bin or config.json of facebook/musicgen-large",
        str(own_cache),
        "HF_HUB_OFFLINE",
    ):
        assert part in str(raised.value)


def test_the_other_format_is_taken_where_only_it_is_cached(own_cache: Path) -> None:
    path = put(own_cache, "someone/tune", "config.json")
    assert locate("someone/tune", ("state_dict.bin", "config.json")) == path


def test_the_codec_of_a_file_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "state_dict.bin").touch()
    assert sibling(tmp_path / "state_dict.bin", "c.bin") == tmp_path / "c.bin"
    assert sibling(tmp_path, "c.bin") == tmp_path
    assert sibling("https://host/a/state_dict.bin", "c.bin") == "https://host/a/c.bin"
    assert sibling("https://host/a", "c.bin") == "https://host/a"
    assert sibling("small", "c.bin") == "small"


def test_urls_with_the_same_file_name_are_kept_apart_and_fetched_once(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []

    def fetch(url: str, path: str, hash_prefix: str | None = None, **_: Any) -> None:
        asked.append((url, hash_prefix))
        Path(path).write_text(url)

    monkeypatch.setattr("torch.hub.download_url_to_file", fetch)
    urls = ("https://host/one/state_dict.bin", "https://host/two", "https://host/x-0123abcd.th")
    paths = [locate(url, ("state_dict.bin",)) for url in (*urls, *urls)]
    assert [path.read_text() for path in paths[:3]] == [urls[0], f"{urls[1]}/state_dict.bin", urls[2]]
    assert paths[:3] == paths[3:]
    assert [prefix for _, prefix in asked] == [None, None, "0123abcd"]
    assert all(own_cache in path.parents for path in paths)


def test_a_url_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: Any, **__: Any) -> None:
        raise OSError("connection refused")

    monkeypatch.setattr("torch.hub.download_url_to_file", fetch)
    with pytest.raises(CheckpointError, match=r"https://host/m\.bin cannot be fetched: connection refused"):
        locate("https://host/m.bin", ("state_dict.bin",))
    with pytest.raises(CheckpointError, match="not encrypted"):
        locate("http://host/m.bin", ("state_dict.bin",))


class Hub(BaseHTTPRequestHandler):
    """A hub with one model of one file."""

    content = b"weights" * 1000
    requests: list[str]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        type(self).requests.append(f"{self.command} {self.path}")
        there = self.path.startswith("/someone/tune/resolve/main/config.json")
        self.send_response(200 if there else 404)
        if there:
            self.send_header("ETag", f'"{hashlib.sha256(self.content).hexdigest()}"')
            self.send_header("Content-Length", str(len(self.content)))
        else:
            repo_is_there = self.path.startswith("/someone/tune/")
            self.send_header("X-Error-Code", "EntryNotFound" if repo_is_there else "RepoNotFound")
            self.send_header("Content-Length", "0")
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body and there:
            self.wfile.write(self.content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def serving() -> Iterator[str]:
    Hub.requests = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_hub_is_asked_once_and_for_the_other_format_where_it_lacks_the_first(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serving() as address:
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        path = locate("someone/tune", ("state_dict.bin", "config.json"))
        assert path.read_bytes() == Hub.content
        assert own_cache in path.parents
        before = len(Hub.requests)
        assert locate("someone/tune", ("state_dict.bin", "config.json")) == path
        assert len(Hub.requests) == before
        with pytest.raises(CheckpointError, match="the hub has no model 'someone/else'"):
            locate("someone/else", ("state_dict.bin",))
        with pytest.raises(CheckpointError, match=r"has none of other\.bin"):
            locate("someone/tune", ("other.bin",))
    assert cached("someone/tune", "config.json") == path
