"""`python -m airflow_sfn_ml.local`: run the embedded AWS until SIGTERM or ctrl-C."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from airflow_sfn_ml.local.errors import LocalAwsError
from airflow_sfn_ml.local.faults import Faults, InvalidFaultsError, parse
from airflow_sfn_ml.local.server import Options, Server


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if parsed.verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    try:
        server = Server(
            Options(
                host=parsed.host,
                port=parsed.port,
                data_dir=parsed.data_dir,
                images=dict(parsed.image),
                opt_ml=parsed.opt_ml,
                grace_seconds=parsed.grace_seconds,
                faults=parsed.faults,
            )
        )
    except LocalAwsError as error:
        print(f"airflow_sfn_ml.local: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.shut_down())
    if parsed.parent:
        _follow(parsed.parent, server)
    print(f"{server.url}  (data in {server.data_dir}; ctrl-C stops it and every job)", flush=True)
    try:
        server.serve()
    finally:
        server.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_sfn_ml.local",
        description="AWS on this machine: S3, Step Functions with SageMaker's integration, and jobs as processes.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--data-dir", type=Path, help="keep job folders and logs here (default: temporary)")
    parser.add_argument(
        "--image",
        type=_image,
        action="append",
        default=[],
        metavar="REPOSITORY=PYTHON",
        help="the interpreter that stands for an image; may be repeated, wildcards allowed "
        "(sagemaker-scikit-learn is this Python unless given)",
    )
    parser.add_argument(
        "--opt-ml",
        choices=("auto", "mount", "rewrite"),
        default="auto",
        help="how jobs see /opt/ml: a mount of their own, or rewritten paths (default: a mount where possible)",
    )
    parser.add_argument(
        "--grace-seconds", type=float, default=120, help="between SIGTERM and SIGKILL of a job (default: %(default)s)"
    )
    parser.add_argument(
        "--faults",
        type=_faults,
        default=Faults(),
        metavar="NAME=VALUE,...",
        help="let calls fail and reads be old: throttle=0.5,error=0.2,timeout=0.05,lag=3s,seed=7,"
        "services=stepfunctions+sagemaker",
    )
    parser.add_argument("--parent", type=int, help="stop when the process of this id is gone")
    parser.add_argument("--verbose", action="store_true", help="log every request")
    return parser


def _image(text: str) -> tuple[str, str]:
    repository, equals, python = text.rpartition("=")
    if not equals or not repository or not python:
        raise argparse.ArgumentTypeError(f"{text!r} is not REPOSITORY=PYTHON")
    return repository, python


def _faults(text: str) -> Faults:
    try:
        return parse(text)
    except InvalidFaultsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _follow(parent: int, server: Server) -> None:
    """Stop the server when the process that started it is gone; works without any signal from it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        server.shut_down()

    threading.Thread(target=watch, daemon=True, name="parent").start()


if __name__ == "__main__":
    sys.exit(main())
