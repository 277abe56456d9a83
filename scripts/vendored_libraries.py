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
from xml.etree import ElementTree

HEAD = (
    "# The libraries in this folder. "
    "To change a version, change it here and run scripts/vendor, which writes the hashes.\n"
)
PACK_S = 120
ICONS = "icons"  # as the source of a file: made of the library's icons
SVG = "http://www.w3.org/2000/svg"


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
                if file["from"] == ICONS:
                    content = sprite(library, archive)
                else:
                    content = content_of(library, archive, file["from"])
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
                file["sha256"] = hashlib.sha256(content).hexdigest()


def content_of(library: dict[str, Any], archive: tarfile.TarFile, name: str) -> bytes:
    try:
        member = archive.extractfile(f"package/{name}")
    except KeyError:
        member = None
    if member is None:
        sys.exit(f"{library['name']} {library['version']} has no file {name}.")
    return member.read()


def sprite(library: dict[str, Any], archive: tarfile.TarFile) -> bytes:
    """One SVG file with a symbol for each of the library's icons that are named, so that they are one request."""
    ElementTree.register_namespace("", SVG)
    sheet = ElementTree.Element(f"{{{SVG}}}svg")
    for symbol_id, name in library["icons"].items():
        picture = ElementTree.fromstring(content_of(library, archive, f"icons/{name}.svg"))  # noqa: S314
        symbol = ElementTree.SubElement(sheet, f"{{{SVG}}}symbol", id=symbol_id, viewBox=picture.attrib["viewBox"])
        symbol.extend(picture)
        for element in symbol.iter():
            element.tail = element.text = None
        symbol.tail = "\n"
    return ElementTree.tostring(sheet) + b"\n"


def rendered(library: dict[str, Any]) -> str:
    fields = ("name", "version", "licence", "source", "integrity")
    lines = ["[[library]]", *(f'{field} = "{library[field]}"' for field in fields)]
    if "icons" in library:
        lines += ["[library.icons]", *(f'"{symbol_id}" = "{name}"' for symbol_id, name in library["icons"].items())]
    lines.append("[library.files]")
    lines += [
        f'"{name}" = {{ from = "{file["from"]}", sha256 = "{file["sha256"]}" }}'
        for name, file in library["files"].items()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
