"""Finds the file of a LoRA given as a path, a URL, or an id on the Hugging Face hub."""

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
_USUAL_NAMES = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")  # the names in diffusers and peft


class LoraPlaces:
    """The sources of LoRAs. Only URLs are downloaded; the hub cache is only read.

    `downloads`: cache folder for URLs. `fetch`: downloads a URL. `hub_cache`: cache folder of the Hugging Face hub;
    None is the default of huggingface_hub.
    """

    def __init__(self, downloads: Path, fetch: Fetch = fetch_at_home, hub_cache: Path | None = None) -> None:
        self._downloads = LoraDownloads(downloads, fetch)
        self._hub_cache = hub_cache
        self._hashes: dict[tuple[Path, int, int], str] = {}

    def find(self, path: str) -> LoraFile:
        """The LoRA file for `path`.

        `path`: a file, a folder with one LoRA, an http or https URL, `owner/name` on the hub, or a file there,
        `owner/name/folder/file.safetensors`. Local files have priority over the hub.
        Raises `LaminaError` (lora_unusable, download_failed).
        """
        if _URL.match(path):
            return self._downloads.get(path)
        if scheme := _SCHEME.match(path):
            raise unusable(
                path, f"the URL scheme {scheme[1]} is not supported.", "Use a file, an https URL or a hub id."
            )
        if "\0" in path:
            raise unusable(path, "it is not a valid file name.", "Use a file, an https URL or a hub id.")
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
            raise unusable(path, "there is no such file.", "Check the name and the current folder.")
        try:
            snapshot = Path(snapshot_download(hub_id[1], cache_dir=self._hub_cache, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            reason = "there is no such file, and the hub repository of that name is not on this machine."
            raise unusable(path, reason, f"Download it first (hf download {hub_id[1]}), or use a file.") from None
        file = snapshot / inside
        if file.is_dir():
            return _only_lora(file, path)
        if not file.exists():
            raise unusable(path, f"{hub_id[1]} has no {inside!r} on this machine.", f"Files: {_listed(snapshot)}.")
        return file

    def _hash(self, file: Path, label: str) -> str:
        """SHA-256 of the content, cached by path, size and modification time."""
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
            raise unusable(label, "it contains no safetensors file.", f"Files: {_listed(folder)}.")
        hint = f"Specify the file, for example {label.rstrip('/')}/{files[0].name}."
        raise unusable(label, f"it contains {len(files)} safetensors files: {_listed(folder)}.", hint)
    return (usual or files)[0]


def _listed(folder: Path) -> str:
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob(f"*{_ENDING}"))
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "") if names else "none"
