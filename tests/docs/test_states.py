"""ARCHITECTURE.md draws the states of a job, and the ways between them, as core.jobs has them."""

import re

from documents import ROOT, blocks, rows, section

from lamina.core.jobs import TRANSITIONS, JobState

PAGE = ROOT / "ARCHITECTURE.md"
HEADING = "The life of a job"


def test_the_table_has_every_transition_and_no_other() -> None:
    told = {letter: (before, after) for letter, before, after, *_ in rows(section(PAGE, HEADING))}
    assert told == {letter: (before.value, after.value) for letter, (before, after) in TRANSITIONS.items()}


def test_the_diagram_has_every_letter_once_and_every_state() -> None:
    diagram = blocks(section(PAGE, HEADING), "")[1]
    assert sorted(re.findall(r"─([A-Z])─", diagram)) == sorted(TRANSITIONS)
    assert set(re.findall(r"[a-z]+", diagram)) - {"submit"} == {state.value for state in JobState}
    for letter, after in re.findall(r"─([A-Z])──▶ (\w+)", diagram):
        assert TRANSITIONS[letter][1] == after
