"""The pages of docs/compat say what the contract tests show, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest
from compat import HERE, PAGES, vendors

_PRINT = """
import sys
from contextlib import redirect_stdout
from compat import collected, page, shown_by
with redirect_stdout(sys.stderr):
    written = page(sys.argv[1], shown_by(collected(sys.argv[1])))
sys.stdout.write(written)
"""


@pytest.mark.parametrize("vendor", vendors())
def test_the_page_is_what_the_tests_show(vendor: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _PRINT, vendor], cwd=HERE, capture_output=True, text=True, timeout=120, check=False
    )
    assert told.returncode == 0, told.stderr
    written = Path(PAGES, f"{vendor}.md").read_text("utf-8")
    assert written == told.stdout, "run python tests/contract/compat.py"
