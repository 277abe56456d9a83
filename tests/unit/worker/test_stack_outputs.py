"""What the engine process writes of a stack, as the service gets it over the wire."""

from pathlib import Path

import numpy as np

from lamina.core.job_results import LayerGroup, StackResult
from lamina.core.layer_tree import grouped
from lamina.core.layers import Group, Layer, LayerKind
from lamina.core.tasks import DecomposeTask
from lamina.execution.decompose import Stack
from lamina.imaging.saving import load
from lamina.worker.outputs import write_stack
from lamina.worker.protocol import Received, RunOrder, RunOutcome, decode_received, encode_outcome


def test_groups_are_in_the_result_and_in_the_stack(tmp_path: Path) -> None:
    def layer(name: str) -> Layer:
        return Layer(name, LayerKind.OBJECT, np.full((3, 4, 4), 255, np.uint8))

    inner, outer = Group("Text", LayerKind.TEXT, is_hidden=True), Group("Card", LayerKind.PANEL, is_locked=True)
    layers = (layer("Ground"), *grouped((layer("Panel"), *grouped([layer("Words")], inner)), outer))
    stack = Stack(4, 3, layers, engine="classic")
    order = RunOrder(job_id="job", attempt=1, task=DecomposeTask(), folder=str(tmp_path))
    received = decode_received(encode_outcome(7, write_stack(stack, order)))
    assert isinstance(received, Received)
    assert isinstance(received.message, RunOutcome)
    result = received.message.result
    assert isinstance(result, StackResult)
    assert [file.group for file in result.layers] == [None, 0, 1]
    assert result.groups == (
        LayerGroup(name="Card", kind="panel", is_locked=True),
        LayerGroup(name="Text", kind="text", is_hidden=True, parent=0),
    )
    assert load(tmp_path / "stack.zip").has_same_content(stack)
