"""Writes the native webhooks: the job as the API shows it, signed after Standard Webhooks."""

from lamina.api.native.rendering import render_webhook_body
from lamina.core.jobs import Job
from lamina.core.webhooks import Webhook
from lamina.files.storage import address_of
from lamina.service.service import Service
from lamina.webhooks.delivery import OutgoingRequest, Writer
from lamina.webhooks.signing import SigningKey, standard_headers


def native_writer(service: Service, key: SigningKey) -> Writer:
    def write(webhook: Webhook, job: Job, now: float) -> OutgoingRequest:
        body = render_webhook_body(webhook.id, job, now, lambda file_id, kind: address_of(service, file_id, kind))
        headers = standard_headers(key, webhook.id, int(now), body)
        return OutgoingRequest(body, {"Content-Type": "application/json", **headers})

    return write
