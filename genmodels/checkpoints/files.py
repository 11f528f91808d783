"""Where a model's files are: in a folder, at a URL, or on the Hugging Face hub and in its cache."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote, urlsplit

from genmodels.checkpoints.names import published
from genmodels.errors import CheckpointError

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.")


def cache_dir() -> Path | None:
    """`AUDIOCRAFT_CACHE_DIR` if it is set; None leaves the hub's own cache (`HF_HOME`) in charge."""
    folder = os.environ.get("AUDIOCRAFT_CACHE_DIR")
    return Path(folder).expanduser() if folder else None


def locate(name: str | Path, filenames: Sequence[str]) -> Path:
    """The first of `filenames` that the model has, fetched if needed (with a progress bar on stderr).

    Args:
        name: a file (taken as it is), a folder, an https URL of a file or of a folder, a name of `MODELS`, or
            a Hugging Face hub id.
        filenames: in order of preference.
    Raises:
        CheckpointError: nothing of that name, or none of the files.
    """
    text = str(name)
    path = Path(text).expanduser()
    if path.is_file():
        return path
    if text and path.is_dir():
        return _in_folder(path, filenames)
    if text.startswith("https://"):
        return _from_url(text, filenames)
    if text.startswith("http://"):
        raise CheckpointError(
            f"{text} is not encrypted: give an https URL, or fetch the file and give its path"
        )
    text = text.removeprefix("//pretrained/")
    model = published(text)
    if model is None and (isinstance(name, Path) or not _HUB_ID.fullmatch(text) or "/" not in text):
        raise CheckpointError(
            f"model {str(name)!r} is not known: it is no file or folder here, and neither a name that "
            f"'daw-bridge models' lists nor a hub id such as 'facebook/musicgen-small'"
        )
    return _from_hub(text if model is None else model.name, filenames)


def sibling(path_or_name: str | Path, filename: str) -> str | Path:
    """Where a model's other file is: beside it for a file or a URL of a file, under the same name
    otherwise."""
    text = str(path_or_name)
    path = Path(text).expanduser()
    if path.is_file():
        return path.parent / filename
    if text.startswith("https://") and _is_file_url(text):
        return text.rpartition("/")[0] + "/" + filename
    return path_or_name


def cached(hub_id: str, filename: str, in_audiocrafts_cache: bool = True) -> Path | None:
    """The file of a hub model if it is in the cache, AudioCraft's or the hub's own; nothing is fetched."""
    from huggingface_hub import try_to_load_from_cache

    folder = cache_dir() if in_audiocrafts_cache else None
    found = try_to_load_from_cache(hub_id, filename, cache_dir=folder)
    return Path(found) if isinstance(found, str) else None


def _in_folder(folder: Path, filenames: Sequence[str]) -> Path:
    for filename in filenames:
        if (folder / filename).is_file():
            return folder / filename
    there = ", ".join(sorted(item.name for item in folder.iterdir())[:8]) or "nothing"
    raise CheckpointError(f"folder {folder} has none of {', '.join(filenames)}; it holds: {there}")


def _is_file_url(url: str) -> bool:
    return "." in urlsplit(url).path.rpartition("/")[2]


def _from_url(url: str, filenames: Sequence[str]) -> Path:
    """Fetched once, into a folder of its own: many URLs end in the same file name."""
    from torch import hub

    target = url if _is_file_url(url) else f"{url.rstrip('/')}/{filenames[0]}"
    name = unquote(urlsplit(target).path.rpartition("/")[2])
    base = cache_dir() or Path(hub.get_dir()) / "checkpoints"
    path = base / "urls" / hashlib.sha256(target.encode()).hexdigest()[:16] / name
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    found = _HASH_IN_NAME.search(name)
    try:
        hub.download_url_to_file(target, str(path), hash_prefix=found.group(1) if found else None)
    except (OSError, URLError, RuntimeError) as error:
        raise CheckpointError(f"{target} cannot be fetched: {error}") from error
    return path


def _from_hub(hub_id: str, filenames: Sequence[str]) -> Path:
    # what is there is taken without asking whether the hub has newer: published weights do not change
    for filename in filenames:
        found = cached(hub_id, filename)
        if found is not None:
            return found
    for filename in filenames:
        fetched = _fetch(hub_id, filename)
        if isinstance(fetched, Path):
            return fetched
        if fetched is not None:
            raise CheckpointError(
                f"{' or '.join(filenames)} of {hub_id} is not in the cache ({_where()}) and the hub cannot "
                f"be asked: go online once (HF_HUB_OFFLINE unset), or give a folder with the files. {fetched}"
            )
    raise CheckpointError(f"{hub_id} on the hub has none of {', '.join(filenames)}")


def _fetch(hub_id: str, filename: str) -> Path | str | None:
    """The file, or None if the hub has no such file, or why it cannot be asked."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(hf_hub_download(hub_id, filename, cache_dir=cache_dir()))
    except LocalEntryNotFoundError as error:
        return str(error).splitlines()[0]
    except EntryNotFoundError:
        return None
    except GatedRepoError as error:
        raise CheckpointError(
            f"{hub_id} is on the hub but asks for its terms to be accepted: {error}"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise CheckpointError(
            f"the hub has no model {hub_id!r} (or it is private): check the name. {error}"
        ) from error
    except OSError as error:
        raise CheckpointError(f"{filename} of {hub_id} cannot be fetched: {error}") from error


def _where() -> str:
    from huggingface_hub import constants

    folder = cache_dir()
    return f"AUDIOCRAFT_CACHE_DIR={folder}" if folder else str(constants.HF_HUB_CACHE)
