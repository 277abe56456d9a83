"""The two snippets of fal's page on qwen-image-layered run as they are printed, but for the picture's address."""

import os
import re
from pathlib import Path

import pytest
from compat import shows
from fal_clients import JAVASCRIPT, PYTHON, JavaScript, Python, javascript_client

from serving import Served

_VARIABLE = "LAMINA_TEST_VENDOR_PAGES"
_PICTURE = "https://v3b.fal.media/files/b/0a86d421/6xSMYtyW-fm2ciM6dHEgB.png"  # not here, and no test goes there


def snippet(language: str) -> str:
    """Of the page's usage examples. The page is fal's, and stays out of this project."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        pytest.skip(f"{_VARIABLE} does not name the folder of the vendors' pages")
    pages = [path.read_text("utf-8") for path in sorted(Path(folder).glob("*.txt"))]
    page = next(page for page in pages if page.startswith("# Qwen Image Layered") and "fal_client" in page)
    found = re.search(rf"```{language}\n(.*?{re.escape(_PICTURE)}.*?)```", page, re.DOTALL)
    assert found
    return found[1]


@shows("The page's own snippets", "Python", by=PYTHON)
def test_the_python_snippet(python: Python, picture_url: str) -> None:
    printed = python.output(snippet("python").replace(_PICTURE, picture_url))
    assert printed.rstrip().endswith("}")
    assert "'images': [{'url': " in printed


@shows("The page's own snippets", "JavaScript", by=JAVASCRIPT)
def test_the_javascript_snippet(fal: Served, picture_url: str) -> None:
    client: JavaScript = javascript_client(JAVASCRIPT, fal)
    printed = client.output(snippet("javascript").replace(_PICTURE, picture_url))
    assert "images: [" in printed
    assert re.search(r"^[0-9a-f-]{36}$", printed, re.MULTILINE)
