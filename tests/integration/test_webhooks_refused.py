"""A webhook to an address that can never be allowed is refused at the submit, in each API's own words."""

import uuid
from pathlib import Path
from typing import Any

from serving import served

INSIDE = "http://[::ffff:127.0.0.1]:9/hook"


def test_each_api_refuses_it_in_its_own_words(tmp_path: Path) -> None:
    with served(tmp_path) as service:
        fields: dict[str, Any] = {"prompt": "a red circle"}
        native = service.client.post("/v1/generations", json={**fields, "webhook_url": INSIDE})
        assert (native.status_code, native.json()["code"]) == (422, "address_refused")
        fal = {"Authorization": f"Key {service.key}"}
        where = f"/fal/queue/fal-ai/qwen-image?fal_webhook={INSIDE}"
        for body in (fields, {}):  # one that is right, and one that would fail
            told = service.client.post(where, json=body, headers=fal)
            assert told.status_code == 400, told.text
            assert told.json()["error_type"] == "bad_request"
        pixazo = {"Ocp-Apim-Subscription-Key": service.key, "X-Webhook-URL": INSIDE}
        told = service.client.post("/qwen-image-max/v1/qwen-image-max-request", json=fields, headers=pixazo)
        assert "private or reserved network" in told.json()["message"]
        assert (told.status_code, told.json()["error"]) == (400, "Invalid request parameters")
        for name in ("webhookURL", "uploadEndpoint"):
            task = {
                "taskType": "imageInference",
                "taskUUID": str(uuid.uuid4()),
                "model": "runware:108@1",
                "positivePrompt": "a red circle",
                "width": 512,
                "height": 512,
                name: INSIDE,
            }
            runware = service.client.post("/runware/v1", json=[task])
            (error,) = runware.json()["errors"]
            assert (runware.status_code, error["code"], error["parameter"]) == (400, "invalidParameter", name)
        assert service.client.get("/v1/jobs").json()["jobs"] == []
