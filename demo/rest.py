"""Airflow's REST API, as far as the demo and the integration tests need it."""

from __future__ import annotations

from typing import Any

import httpx


class AirflowApi:
    """A client that logs in when it is first used, and again when its token has expired.

    :param url: where the api-server listens, without a path.
    """

    def __init__(self, url: str, username: str, password: str) -> None:
        self._login = {"username": username, "password": password}
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def healthy(self) -> bool:
        """Whether the api-server answers and every component has sent its heartbeat."""
        try:
            answer = self._http.get("/api/v2/monitor/health")
        except httpx.TransportError:
            return False
        components = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        return answer.is_success and all(answer.json()[name]["status"] == "healthy" for name in components)

    def get(self, path: str, **params: Any) -> Any:
        """The JSON document at *path*, or None if there is none."""
        answer = self._send("GET", path, params=params)
        return None if answer.status_code == 404 else self._document(answer)

    def post(self, path: str, body: Any) -> Any:
        """What *path* answers to *body*."""
        return self._document(self._send("POST", path, json=body))

    def patch(self, path: str, body: Any) -> Any:
        """What *path* answers to the change *body*."""
        return self._document(self._send("PATCH", path, json=body))

    def delete(self, path: str) -> None:
        """Delete what is at *path*."""
        self._document(self._send("DELETE", path))

    def _send(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        answer = self._http.request(method, f"/api/v2{path}", **kwargs)
        if answer.status_code == 401:
            token = self._document(self._http.post("/auth/token", json=self._login))["access_token"]
            self._http.headers["Authorization"] = f"Bearer {token}"
            answer = self._http.request(method, f"/api/v2{path}", **kwargs)
        return answer

    def _document(self, answer: httpx.Response) -> Any:
        if not answer.is_success:
            raise RuntimeError(
                f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:2000]}"
            )
        return answer.json() if answer.content else None


def log_lines(content: Any) -> list[str]:
    """The lines of a task's log as the API gives it: text, or one object per message."""
    lines: list[str] = []
    for entry in content if isinstance(content, list) else [content]:
        if isinstance(entry, str):
            lines += entry.splitlines()
            continue
        lines += str(entry.get("event", "")).splitlines()
        for error in entry.get("error_detail") or ():
            frames = error.get("frames") or ()
            lines += [f"  {frame['filename']}:{frame['lineno']} in {frame['name']}" for frame in frames]
            lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
    return lines
