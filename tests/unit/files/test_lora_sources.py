"""Where a LoRA may come from, and that the wording alone is checked without looking at this machine's files."""

from pathlib import Path

import pytest

from lamina.core.errors import ErrorCode, LaminaError
from lamina.files.lora_sources import check_lora_source, check_lora_wording


@pytest.mark.parametrize(
    "source", ["https://example.org/a.safetensors", "file:1", "job:1", "owner/name", "owner/name/a.b"]
)
def test_an_address_a_file_a_job_and_an_id_on_the_hub_are_taken(source: str) -> None:
    check_lora_wording(source)
    check_lora_source(source)


@pytest.mark.parametrize("source", ["/etc/passwd", "../a/b", "name", "ftp://example.org/a", ""])
def test_anything_else_is_refused(source: str) -> None:
    for check in (check_lora_wording, check_lora_source):
        with pytest.raises(LaminaError) as caught:
            check(source)
        assert caught.value.code is ErrorCode.LORA_UNUSABLE


def test_a_path_on_this_machine_is_no_id_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "owner").mkdir()
    (tmp_path / "owner" / "name").touch()
    monkeypatch.chdir(tmp_path)
    check_lora_wording("owner/name")
    with pytest.raises(LaminaError) as caught:
        check_lora_source("owner/name")
    assert caught.value.code is ErrorCode.LORA_UNUSABLE
