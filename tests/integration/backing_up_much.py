"""Backs up and restores a large file, and prints by how many KiB the memory of this process has grown."""

import asyncio
import resource
import sys
from pathlib import Path

from test_backup import LARGE_BYTES, NOW, Place, fill_keys

from lamina.core.ids import new_id
from lamina.store import files
from lamina.store.migrations import migrate


def main(folder: Path) -> int:
    source, target = Place(folder / "from"), Place(folder / "to")
    migrate(source.database.engine)
    source.database.write_now(fill_keys)
    keep(source, 1 << 20)
    source.back_up(folder / "small")
    Place(folder / "small-to").restore(folder / "small")
    keep(source, LARGE_BYTES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source.back_up(folder / "large")
    assert target.restore(folder / "large").bytes == LARGE_BYTES + (1 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def keep(place: Place, size: int) -> None:
    content = place.folder / "content"
    with content.open("wb") as file:
        file.truncate(size)
    stored = asyncio.run(place.blobs.put(content))
    record = files.FileRecord(
        id=new_id(),
        key_id="key-1",
        job_id=None,
        sha256=stored.sha256,
        size=size,
        media_type="image/png",
        name="large",
        created_at=NOW,
    )
    place.database.write_now(lambda connection: files.insert(connection, record))


if __name__ == "__main__":
    sys.stdout.write(str(main(Path(sys.argv[1]))))
