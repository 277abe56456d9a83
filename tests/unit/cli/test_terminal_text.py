"""Text keeps its columns on a terminal, whatever the script."""

from lamina.cli.terminal_text import aligned, columns_of, shortened


def test_columns() -> None:
    assert [columns_of(text) for text in ("abc", "标题", "e\u0301", "")] == [3, 4, 1, 0]


def test_shortened() -> None:
    assert shortened("Headline", 8) == "Headline"
    assert shortened("Headline", 7) == "Headli…"
    assert shortened("标题标题", 6) == "标题…"
    assert shortened("a\x1b[2Jb", 20) == "a [2Jb"


def test_aligned() -> None:
    assert aligned([("标题", "1"), ("abc", "200")], (False, True)) == ["标题    1", "abc   200"]
