"""The files of the Studio's page: their types, what is sent of them, and the policy that goes with the page."""

import base64
import gzip
import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urljoin

import pytest

from lamina.studio.assets import AssetFolder
from lamina.studio.page import rendered_page

PAGE = '<script type="importmap">{"imports": {"a": "{{assets}}/a.js"}}</script><b>{{version}}</b>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "views").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "a.js").write_text("export const a = 1;\n" * 50)
    (tmp_path / "views" / "b.css").write_text("b {}")
    (tmp_path / "c.png").write_bytes(b"\x89PNG" + bytes(1000))
    (tmp_path / "licence.txt").write_text("no page needs it")
    (tmp_path / "VENDOR.toml").write_text("")
    return tmp_path


def test_files_of_known_types_are_served(folder: Path) -> None:
    files = AssetFolder(folder).current().files
    assert {name: asset.media_type for name, asset in files.items()} == {
        "index.html": "text/html; charset=utf-8",
        "a.js": "text/javascript; charset=utf-8",
        "views/b.css": "text/css; charset=utf-8",
        "c.png": "image/png",
    }


def test_text_is_compressed_where_that_helps(folder: Path) -> None:
    files = AssetFolder(folder).current().files
    packed = files["a.js"].gzipped
    assert packed is not None and gzip.decompress(packed) == files["a.js"].content
    assert files["views/b.css"].gzipped is None
    assert files["c.png"].gzipped is None


def test_a_changed_file_changes_the_version_of_all(folder: Path) -> None:
    assets = AssetFolder(folder)
    before = assets.current()
    assert assets.current() is before
    (folder / "a.js").write_text("export const a = 2;\n")
    after = assets.current()
    assert after.version != before.version
    assert after.files["a.js"].tag != before.files["a.js"].tag
    assert after.files["c.png"].tag == before.files["c.png"].tag
    assert assets.last_read is after


def test_the_version_does_not_depend_on_when_files_were_written(folder: Path) -> None:
    before = AssetFolder(folder).current().version
    os.utime(folder / "a.js", (1, 1))
    assert AssetFolder(folder).current().version == before


@pytest.mark.parametrize("path", ["/studio", "/studio/", "/studio/s/1", "/studio/a/b/c", "/below/studio"])
def test_pages_refer_to_their_files_wherever_they_are(folder: Path, path: str) -> None:
    assets = AssetFolder(folder).current()
    if path == "/below/studio":  # a proxy takes /below away, and the browser sees it
        page, _ = rendered_page(assets, "/studio")
        base, prefix = "http://localhost/below/studio", "/below"
    else:
        page, _ = rendered_page(assets, path)
        base, prefix = f"http://localhost{path}", ""
    found = re.search(r'"a": "([^"]+)"', page.content.decode())
    assert found
    assert urljoin(base, found[1]) == f"http://localhost{prefix}/studio/assets/{assets.version}/a.js"
    assert found[1].startswith((".", "/"))  # or import maps ignore it


def test_the_policy_allows_the_import_map_by_its_hash_and_nothing_unsafe(folder: Path) -> None:
    page, policy = rendered_page(AssetFolder(folder).current(), "/studio")
    import_map = re.search(r"importmap\">(.*?)</script>", page.content.decode(), re.DOTALL)
    assert import_map
    digest = base64.b64encode(hashlib.sha256(import_map[1].encode()).digest()).decode()
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["script-src"] == f"'self' 'sha256-{digest}'"
    assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy


def test_the_studio_itself_has_all_that_its_page_names() -> None:
    assets = AssetFolder().current()
    page, _ = rendered_page(assets, "/studio")
    named = re.findall(rf"assets/{assets.version}/([^\"]+)\"", page.content.decode())
    assert len(named) >= 7
    assert set(named) <= set(assets.files)
    assert "{{" not in page.content.decode()
