"""The public namespace of `import lamina`: complete, sorted, documented, and loaded only when used."""

import importlib.metadata
import subprocess
import sys

import pytest

import lamina


def test_all_is_sorted_and_every_name_is_there() -> None:
    assert lamina.__all__ == sorted(lamina.__all__)
    for name in lamina.__all__:
        assert getattr(lamina, name) is not None
    assert set(lamina.__all__) <= set(dir(lamina))


def test_every_public_thing_has_a_docstring() -> None:
    for name in lamina.__all__:
        if not name.startswith("__"):
            assert getattr(lamina, name).__doc__, name


def test_star_import_brings_exactly_all() -> None:
    names: dict[str, object] = {}
    exec("from lamina import *", names)  # noqa: S102
    assert set(names) - {"__builtins__"} == set(lamina.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lamina' has no attribute 'recomposse'"):
        _ = lamina.recomposse  # pyright: ignore[reportAttributeAccessIssue]


def test_version_is_the_packages() -> None:
    assert lamina.__version__ == importlib.metadata.version("lamina")


@pytest.mark.parametrize("statement", ["import lamina", "import lamina.cli.main", "import lamina.cli.decompose"])
def test_importing_loads_nothing_heavy(statement: str) -> None:
    program = f"import sys; {statement}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    ).stdout.split()
    assert not {"numpy", "cv2", "PIL", "psd_tools", "pptx", "rapidocr", "onnxruntime", "tifffile"} & set(loaded)
