"""Finds the file that a request's LoRA means: a path, a URL, or an id on the Hugging Face hub."""

import hashlib
import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

from lamina.engines.qwen.adapters.downloads import Fetch, LoraDownloads
from lamina.engines.qwen.adapters.fetching import fetch as fetch_at_home
from lamina.engines.qwen.adapters.files import LoraFile
from lamina.engines.qwen.adapters.header_sniffing import check_lora, check_name
from lamina.engines.qwen.adapters.refusal import unusable

_URL = re.compile(r"https?://", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_HUB_ID = re.compile(r"([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)")
_ENDING = ".safetensors"
_USUAL_NAMES = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")  # of diffusers, of peft


class LoraPlaces:
    """Where LoRAs come from. Nothing is fetched but URLs; the hub's cache is read and never filled.

    `downloads`: the folder that keeps what came from URLs. `fetch`: how it comes. `hub_cache`: the Hugging Face hub's
    cache folder; None is that library's own.
    """

    def __init__(self, downloads: Path, fetch: Fetch = fetch_at_home, hub_cache: Path | None = None) -> None:
        self._downloads = LoraDownloads(downloads, fetch)
        self._hub_cache = hub_cache
        self._hashes: dict[tuple[Path, int, int], str] = {}

    def find(self, path: str) -> LoraFile:
        """`path`: a file, a folder with one LoRA in it, an http or https URL, `owner/name` on the hub or a file there,
        `owner/name/folder/file.safetensors`; what is on the disk goes before the hub.

        Raises `LaminaError` (lora_unusable, download_failed).
        """
        if _URL.match(path):
            return self._downloads.get(path)
        if scheme := _SCHEME.match(path):
            raise unusable(path, f"there is no way to fetch {scheme[1]}.", "Give a file, an https URL or a hub id.")
        if "\0" in path:
            raise unusable(path, "no file has such a name.", "Give a file, an https URL or a hub id.")
        file = self._local(path) or self._pulled(path)
        check_lora(file, path)
        return LoraFile(path, file, self._hash(file, path))

    def _local(self, path: str) -> Path | None:
        try:
            local = Path(path).expanduser()
            if local.is_dir():
                return _only_lora(local, path)
            return local if local.exists() else None
        except (OSError, RuntimeError) as problem:
            raise unusable(path, f"it cannot be read ({problem}).", "Check the name and permissions.") from None

    def _pulled(self, path: str) -> Path:
        check_name(path, path)
        hub_id = _HUB_ID.fullmatch(path)
        inside = hub_id[2].removeprefix("/") if hub_id else ""
        if not hub_id or hub_id[1].endswith(_ENDING) or ".." in path.split("/"):
            raise unusable(path, "there is no such file.", "Check the name and the folder you are in.")
        try:
            snapshot = Path(snapshot_download(hub_id[1], cache_dir=self._hub_cache, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            why = "there is no such file, and the hub's LoRA of that name is not on this machine."
            raise unusable(path, why, f"Download it first (hf download {hub_id[1]}), or give a file.") from None
        found = snapshot / inside
        if found.is_dir():
            return _only_lora(found, path)
        if not found.exists():
            raise unusable(path, f"{hub_id[1]} has no {inside!r} on this machine.", f"There are: {_named(snapshot)}.")
        return found

    def _hash(self, file: Path, label: str) -> str:
        """Of the content. A file of the same name, size and time is not read again."""
        try:
            status = file.stat()
            key = (file.resolve(), status.st_size, status.st_mtime_ns)
            if key not in self._hashes:
                with file.open("rb") as opened:
                    self._hashes[key] = hashlib.file_digest(opened, "sha256").hexdigest()
            return self._hashes[key]
        except OSError as problem:
            raise unusable(label, f"it cannot be read ({problem.strerror}).", "Check its permissions.") from None


def _only_lora(folder: Path, label: str) -> Path:
    files = sorted(folder.glob(f"*{_ENDING}"))
    usual = [file for file in files if file.name in _USUAL_NAMES]
    if len(files) != 1 and len(usual) != 1:
        if not files:
            raise unusable(label, "there is no safetensors file in it.", f"There are: {_named(folder)}.")
        which = f"Say which: {label.rstrip('/')}/{files[0].name}, for one."
        raise unusable(label, f"there are {len(files)} safetensors files in it: {_named(folder)}.", which)
    return (usual or files)[0]


def _named(folder: Path) -> str:
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob(f"*{_ENDING}"))
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "") if names else "none"
