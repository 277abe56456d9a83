"""Writes fal's webhooks: the result or the error of a job, signed as fal signs them."""

import hashlib
import json

from lamina.api.fal.rendering import error_message
from lamina.api.fal.submit import answer_of
from lamina.core.jobs import Job
from lamina.core.webhooks import Webhook
from lamina.service.service import Service
from lamina.webhooks.delivery import OutgoingRequest, Writer
from lamina.webhooks.signing import SigningKey


def fal_writer(service: Service, key: SigningKey) -> Writer:
    async def write(_webhook: Webhook, job: Job, now: float) -> OutgoingRequest:
        answer = await answer_of(service, job)
        is_good = answer.status == 200
        head = {"request_id": job.id, "gateway_request_id": job.id, "status": "OK" if is_good else "ERROR"}
        error = {} if is_good else {"error": error_message(answer)}
        body = json.dumps({**head, **error, "payload": answer.body}).encode()
        headers = signature_headers(key, job.id, int(now), body, user_id=job.key_id)
        return OutgoingRequest(body, {"Content-Type": "application/json", **headers})

    return write


def signature_headers(
    key: SigningKey, request_id: str, timestamp: int, body: bytes, *, user_id: str = ""
) -> dict[str, str]:
    """The headers that fal's receivers check (docs.fal.ai, "Webhooks API reference").

    `timestamp`: of this attempt, in seconds since 1970.
    """
    content = f"{request_id}\n{user_id}\n{timestamp}\n{hashlib.sha256(body).hexdigest()}"
    return {
        "X-Fal-Webhook-Request-Id": request_id,
        "X-Fal-Webhook-User-Id": user_id,
        "X-Fal-Webhook-Timestamp": str(timestamp),
        "X-Fal-Webhook-Signature": key.sign(content.encode()).hex(),
    }
