"""`lamina pull`: download of a model's weights or of larger networks for masks, or import of them from a folder."""

import difflib
import time
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict

import click

from lamina.cli.exits import DONE
from lamina.cli.output_options import json_option
from lamina.cli.printing import print_json, readable, wants_json
from lamina.cli.progress_line import ProgressLine
from lamina.cli.terminal_text import aligned
from lamina.core.catalog import Model, model_named
from lamina.core.mask_networks import MASK_NETWORKS, MASKS_LARGE, MaskNetwork, networks_named

if TYPE_CHECKING:
    from lamina.engines.weights.places import Roots
    from lamina.engines.weights.pulling import BytesDone, Offer


class _Report(TypedDict):
    """What was, or would be, installed, and from where. `contents`: the bytes of each file by its path; `folder`: None
    if nothing is installed.
    """

    model: str
    repository: NotRequired[str]
    source: NotRequired[str]
    commit: str
    licence: NotRequired[str]
    files: int
    total_bytes: int
    download_bytes: NotRequired[int]
    contents: dict[str, int]
    folder: str | None


@click.command()
@click.argument("name", metavar="MODEL")
@click.option("--from", "source", metavar="DIR", help="Folder to import the model from, without network access.")
@click.option("--dry-run", "is_dry", is_flag=True, help="List of the files and their sizes only; nothing is written.")
@json_option
def pull(name: str, source: str | None, is_dry: bool, is_json: bool) -> int:
    """Download a model's weights.

    Prints the source, the licence and the size first. An interrupted download resumes when the command is run again.
    Every file is checked against its checksum. Files that another installed model already has are not downloaded
    again. DIR is a folder in the diffusers layout or a snapshot in a Hugging Face cache, and must contain MODEL.

    masks-large are larger networks for the masks of photographs, which the classic engine uses in place of those that
    come with Lamina; in DIR, each has a folder of its name.

    \b
      lamina pull qwen-image-layered
      lamina pull masks-large
      lamina pull qwen-image --from /mnt/disk/Qwen-Image
    """
    from lamina import settings

    contents = _contents_named(name)
    roots = settings.roots(settings.current())
    if source is None:
        reports = [_download(content, roots, is_dry) for content in contents]
    else:
        folder = Path(source).expanduser()
        folders = [folder / content.name if name == MASKS_LARGE else folder for content in contents]
        reports = [_import(content, roots, path, is_dry) for content, path in zip(contents, folders, strict=True)]
    if wants_json(is_json):
        print_json({"model": MASKS_LARGE, "parts": reports} if name == MASKS_LARGE else reports[0])
    else:
        for line in (line for report in reports for line in _lines(report, is_dry)):
            click.echo(line)
    return DONE


def _lines(report: _Report, is_dry: bool) -> list[str]:
    """The files if nothing was installed; and where it is installed."""
    rows = [(_size(count), file) for file, count in report["contents"].items()]
    lines = aligned(rows, (True, False)) if is_dry else []
    if report["folder"] is not None:
        lines.append(readable(f"{report['model']} is installed in {report['folder']}"))
    return lines


def _contents_named(name: str) -> list[Model | MaskNetwork]:
    """What a pull of that name installs. Raises `LaminaError` (model_unknown, task_invalid)."""
    from lamina.core.errors import LaminaError

    if networks := networks_named(name):
        return [*networks]
    try:
        model = model_named(name)
    except LaminaError as error:
        close = difflib.get_close_matches(name, [MASKS_LARGE, *MASK_NETWORKS], 1, 0.6)
        if not close:
            raise
        raise LaminaError(error.code, error.message, f"Did you mean {close[0]!r}?") from None
    _check_is_released(model)
    return [model]


def _download(content: Model | MaskNetwork, roots: "Roots", is_dry: bool) -> _Report:
    from lamina.engines.weights import pulling

    offer = pulling.offer_of(content, roots)
    is_installed = pulling.is_current(offer, roots)
    click.echo(_announcement(offer, is_installed, roots), err=True)
    folder = roots.models / content.name if is_installed else None
    if not is_installed and not is_dry:
        line = ProgressLine()
        folder = pulling.pull(offer, roots, _shown_on(line, content.name))
        line.clear()
    return {
        "model": content.name,
        "repository": offer.package.repository,
        "commit": offer.listing.commit,
        "licence": offer.listing.licence,
        "files": len(offer.listing.files),
        "total_bytes": offer.total_bytes,
        "download_bytes": 0 if is_installed else offer.download_bytes,
        "contents": {file.name: file.bytes for file in offer.listing.files},
        "folder": str(folder) if folder is not None else None,
    }


def _import(content: Model | MaskNetwork, roots: "Roots", source: Path, is_dry: bool) -> _Report:
    from lamina.engines.weights import pulling

    folder: Path | None = None
    sizes = pulling.contents_of(content, source)
    total = sum(sizes.values())
    summary = f"{content.name}: {source}, {len(sizes)} files, {_size(total)}"
    click.echo(f"{summary}; to import to {roots.models / content.name}", err=True)
    if not is_dry:
        line = ProgressLine()
        folder = pulling.adopt(content, source, roots, _shown_on(line, content.name))
        line.clear()
    return {
        "model": content.name,
        "source": str(source),
        "commit": pulling.commit_of(source),
        "files": len(sizes),
        "total_bytes": total,
        "contents": sizes,
        "folder": str(folder) if folder is not None else None,
    }


def _check_is_released(model: Model) -> None:
    from lamina.core.errors import ErrorCode, LaminaError

    if not model.checkpoint.repository:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{model.name} is installed with Lamina; there is nothing to download.",
            "See lamina models.",
        )


def _announcement(offer: "Offer", is_installed: bool, roots: "Roots") -> str:
    listing = offer.listing
    summary = (
        f"{offer.package.name}: {offer.package.repository} at {listing.commit[:12]}, licence "
        f"{listing.licence or 'not stated'}, {len(listing.files)} files, {_size(offer.total_bytes)}"
    )
    if is_installed:
        return f"{summary}; already installed"
    existing_bytes = offer.total_bytes - offer.download_bytes
    existing = f", of which {_size(existing_bytes)} are on disk already" if existing_bytes else ""
    return f"{summary}{existing}; {_size(offer.download_bytes)} to download to {roots.models / offer.package.name}"


def _shown_on(line: ProgressLine, title: str) -> "BytesDone":
    line.begin(title)
    start, first = time.monotonic(), -1

    def show(done: int, total: int, name: str) -> None:
        nonlocal first
        first = done if first < 0 else first
        rate = (done - first) / max(0.001, time.monotonic() - start)
        remaining = f", {(total - done) / rate / 60:.0f} min left" if rate > 0 else ""
        line(f"{_size(done)} of {_size(total)}, {rate / 1e6:.0f} MB/s{remaining}  {name}", done / max(1, total))

    return show


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
