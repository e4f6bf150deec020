"""Sessions of boto3 that share what AWS says of its services.

Every session reads these descriptions anew, and keeps some megabytes of them: a connection with a role has three
sessions. The descriptions are the same for all, so all sessions of the process take those of the first.
"""

from __future__ import annotations

import threading
from typing import Any

_lock = threading.Lock()
_loaders: list[Any] = []


def session_of(factory: Any) -> Any:
    """The session that *factory*, one of the Amazon provider, makes."""
    with _lock:
        if factory.conn and factory.role_arn:
            _share(factory.basic_session)  # it asks for the role
        session = factory.create_session()
        _share(session)
        return session


def _share(session: Any) -> None:
    """Let *session* read what others have read."""
    inner = getattr(session, "_session", None)
    if inner is None:
        return  # made by a factory that is configured, in a way of its own
    if not _loaders:
        _loaders.append(inner.get_component("data_loader"))
    inner.register_component("data_loader", _loaders[0])
