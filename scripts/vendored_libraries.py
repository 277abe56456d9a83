"""Downloads the JavaScript libraries that a VENDOR.toml names; scripts/vendor does it for the Studio.

Each is packed by npm, which checks what it downloads against the registry's hash; its files are copied unchanged.

.venv/bin/python scripts/vendored_libraries.py src/lamina/studio/static/vendor
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HEAD = (
    "# The libraries in this folder. "
    "To change a version, change it here and run scripts/vendor, which writes the hashes.\n"
)
PACK_S = 120


def main() -> None:
    folder = Path(sys.argv[1])
    listing = folder / "VENDOR.toml"
    libraries: list[dict[str, Any]] = tomllib.loads(listing.read_text(encoding="utf-8"))["library"]
    for library in libraries:
        vendor(library, folder)
    listing.write_text(HEAD + "\n".join(rendered(library) for library in libraries), encoding="utf-8")


def vendor(library: dict[str, Any], folder: Path) -> None:
    """Copies the library's files into `folder` and sets `source` and the hashes in `library`."""
    with tempfile.TemporaryDirectory() as place:
        packed = subprocess.run(  # noqa: S603
            ["npm", "pack", "--json", "--ignore-scripts", f"{library['name']}@{library['version']}"],  # noqa: S607
            cwd=place, check=True, capture_output=True, text=True, timeout=PACK_S,
        )  # fmt: skip
        told = json.loads(packed.stdout)[0]
        bare_name = library["name"].rpartition("/")[2]
        library["source"] = f"https://registry.npmjs.org/{library['name']}/-/{bare_name}-{library['version']}.tgz"
        library["integrity"] = told["integrity"]
        with tarfile.open(Path(place) / told["filename"]) as archive:
            for name, file in library["files"].items():
                member = archive.extractfile(f"package/{file['from']}")
                if member is None:
                    sys.exit(f"{library['name']} {library['version']} has no file {file['from']}.")
                content = member.read()
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
                file["sha256"] = hashlib.sha256(content).hexdigest()


def rendered(library: dict[str, Any]) -> str:
    fields = ("name", "version", "licence", "source", "integrity")
    lines = ["[[library]]", *(f'{field} = "{library[field]}"' for field in fields), "[library.files]"]
    lines += [
        f'"{name}" = {{ from = "{file["from"]}", sha256 = "{file["sha256"]}" }}'
        for name, file in library["files"].items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
