"""Dispatches over Postgres with Procrastinate, to agents on many machines.

A Procrastinate job is deferred in the transaction that queues ours, and only says "somebody should run job X".
"""
