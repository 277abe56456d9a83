"""Builds Pixazo's webhooks: the universal status, unsigned, since its pages describe no signature."""

from lamina.api.pixazo.rendering import render_webhook_body
from lamina.core.jobs import Job
from lamina.core.webhooks import Webhook
from lamina.files.storage import address_of
from lamina.service.service import Service
from lamina.webhooks.delivery import OutgoingRequest, Writer


def pixazo_writer(service: Service) -> Writer:
    def write(webhook: Webhook, job: Job, _now: float) -> OutgoingRequest:
        body = render_webhook_body(webhook.event, job, lambda file_id, kind: address_of(service, file_id, kind))
        return OutgoingRequest(body, {"Content-Type": "application/json"})

    return write
