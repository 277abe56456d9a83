"""The files of the Studio's pages, in memory: their types, their compressed form, and the version of them all."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_IS_COMPRESSED = frozenset({".jpg", ".png", ".woff2"})
_VERSION_LETTERS = 16
_Stamps = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Asset:
    content: bytes
    media_type: str
    is_compressible: bool

    @cached_property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:_VERSION_LETTERS]}"'

    @cached_property
    def gzipped(self) -> bytes | None:
        """None where it would not be smaller."""
        packed = gzip.compress(self.content, 9, mtime=0) if self.is_compressible else self.content
        return packed if len(packed) < len(self.content) else None


@dataclass(frozen=True)
class Assets:
    """`version`: a hash of all files, which their addresses contain, so that browsers may keep them for ever.

    `files`: by path, such as "views/stage.js". Files of unknown types, such as licences, are not among them.
    """

    version: str
    files: dict[str, Asset]


class AssetFolder:
    """Reads the files again when one of them has changed: whoever works on them only reloads the page."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamps: _Stamps = ()
        self._assets = Assets("", {})

    def current(self) -> Assets:
        paths = sorted(path for path in self._folder.rglob("*") if path.suffix in _TYPES)
        stamps = tuple((str(path), stat.st_mtime_ns, stat.st_size) for path in paths for stat in (path.stat(),))
        if stamps != self._stamps:
            self._assets, self._stamps = self._read(paths), stamps
        return self._assets

    @property
    def last_read(self) -> Assets:
        """As `current`, without a look at the disk after the first time."""
        return self._assets if self._stamps else self.current()

    def _read(self, paths: list[Path]) -> Assets:
        whole = hashlib.sha256()
        files: dict[str, Asset] = {}
        for path in paths:
            name, content = path.relative_to(self._folder).as_posix(), path.read_bytes()
            whole.update(f"{name}\n{len(content)}\n".encode() + content)
            files[name] = Asset(content, _TYPES[path.suffix], path.suffix not in _IS_COMPRESSED)
        return Assets(whole.hexdigest()[:_VERSION_LETTERS], files)
