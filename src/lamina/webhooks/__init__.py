"""Delivery of webhooks: the outbox is sent until it is accepted, with signatures."""
