"""Files of API keys: uploads, signed addresses, sources that requests name, LoRAs."""
