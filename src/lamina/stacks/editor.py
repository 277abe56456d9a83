"""Edits a stack in this process, with undo and redo: what commands and Python programs use."""

from collections.abc import Callable

from lamina.core.layers import LayerStack
from lamina.core.ports import Decomposer, Progress, no_progress
from lamina.core.tasks import EditTask
from lamina.engines.registry import start_engine
from lamina.execution.decompose import Stack
from lamina.settings import current, engine_config
from lamina.stacks.adopting import adopted
from lamina.stacks.applying import Tools, apply
from lamina.stacks.changes import Differences
from lamina.stacks.comparing import diff
from lamina.stacks.document import Document
from lamina.stacks.layer_edits import edit_layer
from lamina.stacks.operations import Operation, Replace
from lamina.stacks.pixels import MemoryPixels
from lamina.stacks.rendering import document_of, rendered, stack_of
from lamina.stacks.verbs.checks import layer_of

_ENGINE = "classic"


def classic_engine() -> Decomposer:
    """The engine that takes layers apart: its layers add up exactly, and it follows selections."""
    return start_engine(_ENGINE, None, engine_config(current()))


class StackEditor:
    """A document that changes by operations, and its earlier and later revisions.

    `document`: the tree as it is now, with the ids that operations name. `engine`: starts an engine when an operation
    takes a layer apart. Raises `LaminaError` (task_invalid) if the stack has more than 100 layers.
    """

    def __init__(self, stack: LayerStack, engine: Callable[[], Decomposer] = classic_engine) -> None:
        self.pixels = MemoryPixels()
        self.document = document_of(stack, self.pixels)
        self._tools = Tools(self.pixels, engine)
        self._notes = stack.notes
        self._undone: list[Document] = []
        self._done: list[Document] = []

    def apply(self, *operations: Operation) -> None:
        """All operations, one after another, or none of them. Raises `LaminaError` (task_invalid)."""
        changed = self.document
        for operation in operations:
            changed = apply(changed, operation, self._tools)
        if operations:
            self._go_on(changed)

    def edit(
        self, node: int, task: EditTask, engine: str | None = None, progress: Progress = no_progress
    ) -> tuple[str, ...]:
        """Changes the pixels of a layer as a prompt describes; its outline stays. Returns notes for the user.

        `engine`: its name, or "auto". Raises `LaminaError`; see `lamina.edit`.
        """
        layer = rendered(layer_of(self.document, node), self.pixels)
        result = edit_layer(layer, task, engine, progress)
        edited = Replace(node=node, pixels=self.pixels.put(result.pixels), corner=(layer.left, layer.top))
        self._go_on(apply(self.document, edited, self._tools).with_editor(result.made))
        self._notes = (*self._notes, *result.notes)
        return result.notes

    def adopt(self, stack: LayerStack) -> Differences:
        """Goes on with a stack that was made of this one in another program, as one revision. Returns what changed.

        Layers and groups that are found again keep their ids.
        """
        changed = adopted(self.document, document_of(stack, self.pixels), self.pixels)
        differences = diff(self.document, changed, self.pixels)
        if not differences.is_empty:
            self._go_on(changed)
        self._notes = (*self._notes, *stack.notes)
        return differences

    def undo(self) -> bool:
        """Goes back to before the last `apply`. False if there is none."""
        return self._go(self._done, self._undone)

    def redo(self) -> bool:
        """Does again what `undo` has undone. False if there is nothing."""
        return self._go(self._undone, self._done)

    def stack(self) -> Stack:
        """The layers as they are now, with all transforms applied."""
        stack = stack_of(self.document, self.pixels)
        made, edited_by = stack.made, stack.edited_by
        return Stack(stack.width, stack.height, stack.layers, notes=self._notes, made=made, edited_by=edited_by)

    def _go_on(self, changed: Document) -> None:
        self._done.append(self.document)
        self._undone.clear()
        self.document = changed

    def _go(self, source: list[Document], target: list[Document]) -> bool:
        if not source:
            return False
        target.append(self.document)
        self.document = source.pop()
        return True
