"""Composes designs with known layers from free material, to fit and to check how layers are separated."""
