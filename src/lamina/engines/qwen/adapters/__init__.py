"""LoRAs: finds and reads them in all common layouts, and applies them to the transformer for one request."""
