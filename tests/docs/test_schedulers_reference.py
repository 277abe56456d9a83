"""docs/reference/schedulers.md tells what every scheduler's name runs as."""

from documents import REFERENCE, code, is_updating, rewrite_table, rows, section

from lamina.core.schedulers import ALIASES, SCHEDULERS, Method

PAGE = REFERENCE / "schedulers.md"


def test_every_name_is_there_with_what_it_runs_as() -> None:
    expected = [[f"`{name}`", known.method, known.spacing, known.note] for name, known in SCHEDULERS.items()]
    if is_updating():
        rewrite_table(PAGE, "The names", expected)
    assert rows(section(PAGE, "The names")) == expected, "LAMINA_TEST_UPDATE_DOCS=1 scripts/test tests/docs"


def test_every_method_is_explained() -> None:
    told = {row[0]: row[1:3] for row in rows(section(PAGE, "Methods"))}
    counts = {1: "n", 2: "2n - 1"}
    assert told == {
        method.value: [counts[method.evaluations_per_step], "yes" if method.is_stochastic else "no"]
        for method in Method
    }


def test_every_alias_is_named() -> None:
    for alias, name in ALIASES.items():
        assert code(alias_line := section(PAGE, "The names").strip().split("\n")[0]) == alias
        assert f"`{name}`" in alias_line
