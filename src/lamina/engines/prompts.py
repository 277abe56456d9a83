"""Expands prompts with the first expander that succeeds, and records which one it was."""

import re
from collections.abc import Iterable

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ports import PromptExpander
from lamina.core.prompt_expansion import ExpandedBy, Expansion
from lamina.core.tasks import TaskKind

MOST_CHARACTERS = 4000  # about 1024 tokens, the limit of the pipelines
MOST_TOKENS = 320  # in an answer
SYSTEM_PROMPTS = {
    TaskKind.GENERATE: (
        "You write prompts for a model that paints pictures. Rewrite the prompt that you are given as one paragraph of "
        "at most 120 words that a painter could work from: the subject and what it does, its surroundings, how the "
        "picture is composed, light, colours, materials, style. Keep everything that is asked for, and add nothing "
        "that contradicts it. Repeat words that are to be lettered in the picture in quotation marks, letter by "
        "letter. Keep the language of the prompt. Answer with the new prompt and nothing else."
    ),
    TaskKind.EDIT: (
        "You write instructions for a model that changes pictures. Rewrite the instruction that you are given so that "
        "it says, in at most 60 words, exactly what is to change, how it is to look afterwards, and that everything "
        "else stays as it is. Ask for no change that was not asked for. Repeat words that are to be lettered in the "
        "picture in quotation marks, letter by letter. Keep the language of the instruction. Answer with the new "
        "instruction and nothing else."
    ),
}
"""The system prompt for the language model, by kind of task."""

_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
_QUOTES = {'"': '"', "“": "”", "'": "'"}


class SuffixExpander:
    """Appends the suffix that the model's authors recommend (`core.catalog.Model.suffix`)."""

    by = ExpandedBy.SUFFIX

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    def expand(self, prompt: str, kind: TaskKind) -> str | None:
        """The suffix is for text-to-image only."""
        if not self._suffix or kind is not TaskKind.GENERATE:
            return None
        return prompt.strip().rstrip(".,") + self._suffix


def expanded(prompt: str, kind: TaskKind, expanders: Iterable[PromptExpander]) -> Expansion:
    """The prompt of the first expander that succeeds, or the unchanged prompt if none does.

    Failures become notes; a `LaminaError` with a code other than engine_unavailable is raised.
    """
    notes: list[str] = []
    for expander in expanders:
        try:
            richer = expander.expand(prompt, kind)
        except LaminaError as error:
            if error.code is not ErrorCode.ENGINE_UNAVAILABLE:
                raise
            notes.append(error.message)
            continue
        if richer is not None:
            return Expansion(richer, expander.by, tuple(notes))
    return Expansion(prompt, ExpandedBy.NOBODY, tuple(notes))


def clean_answer(answer: str, who: str) -> str:
    """A language model's answer as a one-line prompt, without its <think> block and without enclosing quotes.

    `who`: the subject of the error message. Raises `LaminaError` (engine_unavailable) if the prompt is empty or too
    long.
    """
    text = " ".join(_THOUGHTS.sub(" ", answer).split())
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and not set(text[1:-1]) & {text[0], text[-1]}:
        text = text[1:-1].strip()
    if not text:
        raise no_expansion(who, "gave an empty answer")
    if len(text) > MOST_CHARACTERS:
        raise no_expansion(who, f"gave an answer of more than {MOST_CHARACTERS} characters")
    return text


def no_expansion(who: str, failure: str) -> LaminaError:
    """The error of an expander that failed; its message becomes a note."""
    return LaminaError(ErrorCode.ENGINE_UNAVAILABLE, f"{who} {failure}, so it did not expand the prompt.")
