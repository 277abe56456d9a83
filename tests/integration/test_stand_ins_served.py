"""A service without weights answers for the models that are named, and nobody pays for that."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from serving import environment_of, served

PRICE = "0.045"


def key_with(folder: Path, credit: str) -> str:
    command = [sys.executable, "-m", "lamina", "keys", "create", "--json", "--credit", credit]
    made = subprocess.run(
        command, cwd=folder, env=environment_of(folder), capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(made.stdout)["key"]


def generated(client: httpx2.Client, **more: object) -> dict[str, object]:
    fields = {"prompt": "a red circle", "width": 64, "height": 64, "steps": 1, **more}
    answer = client.post("/v1/generations", json=fields, headers={"Prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_nano_in_the_place_of_another_model_is_free(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra qwen is not installed")
    with served(tmp_path, child=None) as service, service.as_key(key_with(tmp_path, PRICE)) as client:
        job = generated(client, model="qwen-image")
        result = job["result"]
        assert isinstance(result, dict)
        assert (job["state"], job["price_usd"], job["charged_usd"]) == ("succeeded", PRICE, "0.00")
        assert (result["engine"], result["stands_in_for"], result["is_free"]) == ("nano", "qwen-image", True)
        assert "Nano made this in the place of qwen-image, and costs nothing." in result["notes"]
        wallet = client.get("/v1/wallet").json()
        assert wallet["balance_usd"] == PRICE
        lines = [(line["kind"], line["amount_usd"], line["note"]) for line in wallet["entries"]]
        assert lines[:2] == [
            ("release", PRICE, "qwen-image, free: nano stood in"),
            ("hold", f"-{PRICE}", "qwen-image"),
        ]
        assert generated(client)["charged_usd"] == PRICE
        assert client.get("/v1/wallet").json()["balance_usd"] == "0.00"
        refused = client.post("/v1/generations", json={"prompt": "a red circle", "model": "qwen-image"})
        assert refused.status_code == 402


def test_an_operator_can_rehearse_billing(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra qwen is not installed")
    with (
        served(tmp_path, child=None, LAMINA_CHARGE_STAND_INS="true") as service,
        service.as_key(key_with(tmp_path, PRICE)) as client,
    ):
        job = generated(client, model="qwen-image")
        assert job["charged_usd"] == PRICE
        assert isinstance(job["result"], dict)
        assert (job["result"]["stands_in_for"], job["result"]["is_free"]) == ("qwen-image", False)
