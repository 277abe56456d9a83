"""LoRAs: finds them, reads every layout that trainers write, and puts them on the transformer for one request."""
