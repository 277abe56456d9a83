"""Brings clients whose addresses cannot be changed to this service: a local certificate authority and a proxy."""
