"""A fake AWS for benchmarks: Step Functions, SQS and STS as far as waiting for executions needs them.

It holds thousands of executions at the cost of a few numbers each, counts every call, and knows when an execution was
first looked at. The benchmark tells it what to hold and when what ends, with POST requests to ``/_admin``.

Run it with ``python -m benchmarks.fake_aws [--quotas]``. It listens on a free port of the loopback interface, prints
its URL, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from benchmarks.fake_aws_admin import Administration
from benchmarks.fake_aws_executions import Execution, machine_arn
from benchmarks.fake_aws_queue import Queue
from benchmarks.fake_aws_quotas import Quotas

ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAFAKE</AccessKeyId><SecretAccessKey>fake</SecretAccessKey><SessionToken>fake</SessionToken>
<Expiration>{}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>
<Arn>arn:aws:sts::123456789012:assumed-role/r/b</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"""


class Refused(Exception):
    """An error of AWS: its code and message."""


class FakeAws:
    """The service: what it holds and how it answers."""

    def __init__(self, *, quotas: bool) -> None:
        self.quotas = Quotas(enforced=quotas)
        self.queue = Queue()
        self.executions: dict[str, Execution] = {}
        self.seen: dict[str, float] = {}
        self.read: dict[str, float] = {}
        self.administration = Administration(self)

    # HTTP

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one request of whatever service."""
        body = await request.read()
        if request.path == "/_admin":
            return web.json_response(await self.administration.do(**json.loads(body)))
        target = request.headers.get("X-Amz-Target", "")
        if not target:
            return self._sts(body.decode())
        action = target.rpartition(".")[2]
        code = None if self.quotas.admits(action) else "ThrottlingException"
        told: dict[str, Any] = {"message": "Rate exceeded"}
        if code is None:
            try:
                told = await self._call(action, json.loads(body or b"{}"))
            except Refused as error:
                code, told = error.args[0], {"message": error.args[1]}
        return web.Response(
            body=json.dumps(told if code is None else {"__type": code, **told}).encode(),
            status=200 if code is None else 400,
            content_type="application/x-amz-json-1.0",
            headers={"x-amzn-RequestId": str(uuid.uuid4())},
        )

    def _sts(self, form: str) -> web.Response:
        action = parse_qs(form).get("Action", ["?"])[0]
        self.quotas.admits(action)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return web.Response(text=ASSUMED.format(expires), content_type="text/xml")

    async def _call(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "DescribeExecution":
                execution = self._execution(request)
                data = request.get("includedData") != "METADATA_ONLY"
                return execution.description(time.time(), data=data)
            case "GetExecutionHistory":
                return self._history(request)
            case "ListExecutions":
                return self._list(request)
            case "ReceiveMessage":
                return await self.queue.receive(request)
            case "DeleteMessage":
                self.queue.delete(request["ReceiptHandle"])
                return {}
            case "ChangeMessageVisibility":
                self.queue.hide(request["ReceiptHandle"], request["VisibilityTimeout"])
                return {}
            case "DeleteMessageBatch":
                return _each(request, lambda entry: self.queue.delete(entry["ReceiptHandle"]))
            case "ChangeMessageVisibilityBatch":
                return _each(request, lambda entry: self.queue.hide(entry["ReceiptHandle"], entry["VisibilityTimeout"]))
            case "GetQueueAttributes":
                return {"Attributes": self.queue.attributes()}
        raise Refused("UnknownOperationException", action)

    # Step Functions

    def _execution(self, request: dict[str, Any]) -> Execution:
        arn = request["executionArn"]
        if arn not in self.executions:
            raise Refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        self.seen.setdefault(arn, time.time())
        return self.executions[arn]

    def _history(self, request: dict[str, Any]) -> dict[str, Any]:
        execution = self._execution(request)
        self.read.setdefault(execution.arn, time.time())
        events = execution.history(time.time())
        if request.get("reverseOrder"):
            events.reverse()
        begin = int(request.get("nextToken") or 0)
        end = begin + min(request.get("maxResults") or 100, 1000)
        return {"events": events[begin:end]} | ({"nextToken": str(end)} if end < len(events) else {})

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        machine, now = ":".join(request["stateMachineArn"].split(":")[:7]), time.time()
        wanted = request.get("statusFilter")
        found = [
            execution
            for execution in reversed(self.executions.values())
            if machine_arn(execution.machine) == machine and wanted in (None, execution.status(now))
        ]
        begin = int(request.get("nextToken") or 0)
        end = begin + min(request.get("maxResults") or 100, 1000)
        for execution in found[begin:end]:
            self.seen.setdefault(execution.arn, now)
        page = [execution.summary(now) for execution in found[begin:end]]
        return {"executions": page} | ({"nextToken": str(end)} if end < len(found) else {})


def _each(request: dict[str, Any], do: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    for entry in request["Entries"]:
        do(entry)
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []}


async def serve(*, quotas: bool) -> None:
    """Serve until standard input ends."""
    service = FakeAws(quotas=quotas)
    runner = web.ServerRunner(web.Server(service.answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quotas", action="store_true", help="refuse calls above AWS's quotas")
    asyncio.run(serve(quotas=parser.parse_args().quotas))
