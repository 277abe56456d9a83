"""Takes the code samples out of the vendor's pages, verbatim, and puts a key and pictures of ours in.

The pages stay where LAMINA_TEST_VENDOR_PAGES says: they are the vendor's text.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

LAYERED_PAGE, FAMILY_PAGE, TEXT_PAGE = "000_4d371a190a063fd1", "001_3de5428fee968c92", "004_23fd5181956d72a5"
_VARIABLE = "LAMINA_TEST_VENDOR_PAGES"

_SAMPLES = re.compile(
    r"""
    (?P<python>^import[ ]requests\n.*?^print\(response\.json\(\)\)$)
    |(?P<node>^(?:const[ ]url[ ]=|fetch\().*?^\.catch\(error[ ]=>[ ]console\.error\(['"]Error:['"],[ ]error\)\);$)
    |(?P<one_line_curl>^[^\n]*?(?P<inner>curl[ ]-H[ ]"[^"\n]*"[ ]\\[ ]"[^"\n]*"))
    |(?P<status_curl>^curl[ ]-H[ ]"[^"\n]*"[ ]\\\n"[^"\n]*"$)
    |(?P<curl>^curl[ ].*?^[ ]*\}'$)
    |(?P<java>^import[ ]java\.net\.URI;.*?^\}$)
    |(?P<php>^<\?php$.*?^\?>$)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_KEYS = re.compile(r"YOUR_SUBSCRIPTION_KEY|YOUR_API_KEY|your-subscription-key")
_FILES = re.compile(r"https://[\w.-]+/[\w./-]+\.(png|jpe?g|zip)\b")
_REQUEST_ID = re.compile(
    r"(?P<model>[a-z-]+)_019dxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx|a1b2c3d4-e5f6-7890-g1h2-i3j4k5l6m7n8"
)


@dataclass(frozen=True)
class Sample:
    """`number`: counted from 0 of its kind on its page."""

    kind: str
    number: int
    code: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.number}"

    def filled_in(self, key: str, files: str, request_ids: Mapping[str, str]) -> str:
        """`files`: an address below which pictures and ZIPs are; `request_ids`: by the model's name, "" is any."""
        code = _KEYS.sub(key, self.code)
        code = _FILES.sub(lambda found: f"{files}/sample.{'zip' if found[1] == 'zip' else 'png'}", code)
        return _REQUEST_ID.sub(lambda found: request_ids[found["model"] or ""], code)


def page_text(page: str) -> str:
    """Skips the test where the pages are not at hand."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        pytest.skip(f"{_VARIABLE} does not say where the vendors' pages are")
    return (Path(folder) / f"{page}.txt").read_text("utf-8")


def samples_of(page: str) -> list[Sample]:
    """In the page's order."""
    found: list[Sample] = []
    for match in _SAMPLES.finditer(page_text(page)):
        kind = next(name for name, value in match.groupdict().items() if value is not None and name != "inner")
        number = sum(one.kind == kind for one in found)
        found.append(Sample(kind, number, match["inner"] if kind == "one_line_curl" else match[kind]))
    return found
