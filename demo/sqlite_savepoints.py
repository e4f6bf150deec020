"""Airflow's local settings for a database in SQLite that many processes write; copied into the home of a stack.

A savepoint outside of a transaction begins one that only reads. If another process writes before it does, SQLite
refuses the write at once ("database is locked"), however patient the connection is. ``airflow backfill create`` makes
each run in a savepoint (Airflow 3.3.2, ``models/backfill.py``), so it often failed on a busy machine.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event


@event.listens_for(Engine, "savepoint")
def take_the_lock_first(connection: Any, name: str) -> None:
    """Let a savepoint begin a transaction that may write, and wait for that as other writes do."""
    if connection.dialect.name == "sqlite" and not connection.connection.driver_connection.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
