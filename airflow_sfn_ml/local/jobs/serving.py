"""A model server, run as a script by the interpreter of a model's image; standard library only.

usage: serving.py MODEL_DIR CODE_DIR PROGRAM PORT

It does what the inference toolkit inside SageMaker's framework images does with a user's script: `model_fn` loads the
model once; `transform_fn`, or `input_fn`, `predict_fn` and `output_fn`, answer `POST /invocations`; `GET /ping` answers
when the model is loaded (https://github.com/aws/sagemaker-inference-toolkit). What the script does not define is done
as in the image for scikit-learn.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"


class UnsupportedError(Exception):
    """The content type that was sent (415) or asked for (406) is not one that the defaults know."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(f"Content type {kind} is not supported by this framework.")
        self.status = status


class Model:
    """The functions of the user's script around the model that its model_fn loaded."""

    def __init__(self, module: Any, directory: str) -> None:
        self._module = module
        self._input = getattr(module, "input_fn", read)
        self._predict = getattr(module, "predict_fn", lambda data, model: model.predict(data))
        self._output = getattr(module, "output_fn", write)
        load = getattr(module, "model_fn", None)
        if load is None:
            raise NotImplementedError("Please provide a model_fn implementation.")
        self._model = load(directory)

    def answer(self, body: str | bytes, kind: str, accept: str) -> tuple[bytes, str]:
        """The body and the content type of the answer to one request."""
        if hasattr(self._module, "transform_fn"):
            answer = self._module.transform_fn(self._model, body, kind, accept)
        else:
            answer = self._output(self._predict(self._input(body, kind), self._model), accept)
        content, kind = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, accept)
        return content.encode() if isinstance(content, str) else bytes(content), kind


def read(body: Any, kind: str) -> Any:
    """The data of a request as numpy gives it."""
    import numpy

    if kind == JSON:
        return numpy.array(json.loads(body))
    if kind == CSV:
        return numpy.genfromtxt(io.StringIO(text(body)), delimiter=",")
    if kind == NPY:
        return numpy.load(io.BytesIO(body), allow_pickle=False)
    raise UnsupportedError(415, kind)


def write(prediction: Any, accept: str) -> tuple[Any, str]:
    """A prediction as the body of an answer."""
    values = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    if accept == JSON:
        return json.dumps(values), accept
    if accept == CSV:
        rows = values if isinstance(values, list) else [values]
        return "".join(",".join(map(str, row if isinstance(row, list) else [row])) + "\n" for row in rows), accept
    if accept == NPY:
        import numpy

        buffer = io.BytesIO()
        numpy.save(buffer, numpy.asarray(prediction))
        return buffer.getvalue(), accept
    raise UnsupportedError(406, accept)


def text(body: str | bytes) -> str:
    return body.decode() if isinstance(body, bytes) else body


def handler(model: Model) -> type[BaseHTTPRequestHandler]:
    """The class that answers for *model*."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200 if self.path == "/ping" else 404, b"", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = (self.headers.get("Content-Type") or JSON).partition(";")[0].strip()
            accept = self.headers.get("Accept") or "*/*"
            default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
            try:
                sent = body.decode() if kind in (JSON, CSV) else body
                answer, told = model.answer(sent, kind, default if accept == "*/*" else accept)
                self._send(200, answer, told)
            except UnsupportedError as error:
                self._send(error.status, str(error).encode(), "text/plain")
            except Exception as error:
                traceback.print_exc()
                self._send(500, str(error).encode(), "text/plain")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            if self.path != "/ping":
                sys.stdout.write(format % arguments + "\n")
                sys.stdout.flush()

    return Handler


def main() -> None:
    directory, code, program, port = sys.argv[1:]
    sys.path.insert(0, code)
    name = os.path.splitext(os.path.basename(program))[0]
    spec = importlib.util.spec_from_file_location(name, os.path.join(code, program))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler(Model(module, directory)))
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
