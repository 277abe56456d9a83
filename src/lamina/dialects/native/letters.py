"""Writes the native webhooks: the job as the API shows it, signed after Standard Webhooks."""

from lamina.core.jobs import Job
from lamina.dialects.native.rendering import render_letter
from lamina.service.delivering import Letter, Writer
from lamina.service.files import address_of
from lamina.service.service import Service
from lamina.service.signing import SigningKey, webhook_headers
from lamina.store.outbox import Webhook


def native_writer(service: Service, key: SigningKey) -> Writer:
    def write(webhook: Webhook, job: Job, now: float) -> Letter:
        body = render_letter(webhook.id, job, now, lambda file_id, kind: address_of(service, file_id, kind))
        headers = webhook_headers("native", key, webhook.id, int(now), body)
        return Letter(body, {"Content-Type": "application/json", **headers})

    return write
