"""The application that serves the tab.

Airflow mounts it as it is and checks nothing, so it checks everything itself: every route needs a user, and every route
about a Dag run needs the permission to read that Dag's runs. Nothing is stored by the browser or shared between users,
and the page may load nothing from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.dagbag import create_dag_bag
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from airflow_sfn_ml.pictures.style import STYLE
from airflow_sfn_ml.plugin import messages
from airflow_sfn_ml.plugin.runs import read_run
from airflow_sfn_ml.plugin.snapshot import Question, snapshot

FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "picture.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "icon-dark.svg": "image/svg+xml",
}


def _content_security_policy() -> str:
    """Our own files, and the style sheet that every picture carries; nothing else, from nowhere else."""
    picture = base64.b64encode(hashlib.sha256(f"\n{STYLE}".encode()).digest()).decode()
    return (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        f"style-src 'self' 'sha256-{picture}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _content_security_policy(),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

may_read_run = Depends(requires_access_dag("GET", DagAccessEntity.RUN))


def make_app() -> FastAPI:
    """The application. It has no documentation pages: they would be open to everyone."""
    app = FastAPI(
        title="State machines", openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(get_user)]
    )
    app.state.dag_bag = create_dag_bag()
    app.middleware("http")(_with_headers)
    app.exception_handler(HTTPException)(_refuse)
    app.get("/page", dependencies=[may_read_run])(page)
    app.get("/snapshot", dependencies=[may_read_run])(show)
    app.get("/static/{name}")(static)
    return app


def page() -> HTMLResponse:
    """The page; what it shows it asks for itself."""
    return HTMLResponse(_file("page.html"))


def show(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str = "",
    map_index: str = "-1",
    group: str = "",
    generation: Annotated[int | None, Query(ge=0)] = None,
    redrive: Annotated[int | None, Query(ge=0)] = None,
    state: str = "",
    seen: Annotated[int, Query(ge=0)] = 0,
    seen_arn: str = "",
) -> JSONResponse:
    """What the page shows. A plain function: FastAPI runs it in a thread, since it waits for AWS.

    :param map_index: the UI leaves its placeholder as it is where a task is not mapped.
    """
    index = int(map_index) if map_index.lstrip("-").isdecimal() else -1
    question = Question(dag_id, run_id, task_id, index, group, generation, redrive, state, seen, seen_arn)
    return JSONResponse(snapshot(read_run(request.app.state.dag_bag, dag_id, run_id), question))


def static(name: str) -> Response:
    """One of our own files."""
    if name not in FILES:
        raise HTTPException(404, "No such file")
    return Response(_file(name), media_type=FILES[name])


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    return response


def _refuse(request: Request, error: Exception) -> Response:
    """A refusal in words: as a page where a person looks, else as JSON."""
    status = getattr(error, "status_code", 500)
    detail: Any = getattr(error, "detail", "")
    message = {401: messages.LOGGED_OUT, 403: messages.DENIED}.get(status)
    if message is None or not request.url.path.endswith("/page"):
        return JSONResponse({"detail": detail}, status)
    body = f'<main class="alone"><h1>{escape(message.title)}</h1><p>{escape(message.text)}</p></main>'
    head = f'<meta charset="utf-8"><title>{escape(message.title)}</title><link rel="stylesheet" href="static/page.css">'
    return HTMLResponse(f'<!doctype html><html lang="en">{head}{body}</html>', status)


def _file(name: str) -> str:
    return files("airflow_sfn_ml.plugin").joinpath("static", name).read_text("utf-8")
