"""Writes fal's webhooks: the result or the error that it ended with, signed as fal signs them."""

import json

from lamina.api.fal.rendering import error_words
from lamina.api.fal.submit import answer_of
from lamina.core.jobs import Job
from lamina.core.webhooks import Webhook
from lamina.service.service import Service
from lamina.webhooks.delivery import Letter, Writer
from lamina.webhooks.signing import SigningKey, webhook_headers


def fal_writer(service: Service, key: SigningKey) -> Writer:
    async def write(_webhook: Webhook, job: Job, now: float) -> Letter:
        answer = await answer_of(service, job)
        is_good = answer.status == 200
        told = {"request_id": job.id, "gateway_request_id": job.id, "status": "OK" if is_good else "ERROR"}
        wrong = {} if is_good else {"error": error_words(answer)}
        body = json.dumps({**told, **wrong, "payload": dict(answer.body)}).encode()
        headers = webhook_headers("fal", key, job.id, int(now), body, job.key_id)
        return Letter(body, {"Content-Type": "application/json", **headers})

    return write
