"""Airflow's end of the channel between a triggerer's process of triggers and its supervisor.

In a triggerer, triggers ask their supervisor for XComs and task states with framed messages over a socket; it asks the
api-server. Here a thread of the benchmark answers the same messages from a dict. What the triggers' process does for
them (Airflow's own `TriggerCommsDecoder`) is the real thing and counts; the time that an api-server takes does not.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

import msgspec
from airflow.sdk.execution_time.comms import _RequestFrame, _ResponseFrame

from benchmarks.fake_aws_executions import ACCOUNT, REGION

EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:"
START_TASK = "group.start"
RETURN_VALUE = "return_value"


class Supervisor(threading.Thread):
    """Answers until the other end of the channel is closed.

    The id of a Dag run is the end of the ARN of its execution: machine and name.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ours, self.theirs = socket.socketpair()
        self.xcoms: dict[tuple[Any, ...], Any] = {}
        self.asked = 0

    def run(self) -> None:
        """Start the other end, then answer it."""
        decoder = msgspec.msgpack.Decoder(_RequestFrame)
        with self.ours, self.ours.makefile("rb") as reader:
            self.ours.sendall(_ResponseFrame(0, {"type": "StartTriggerer"}).as_bytes())
            while len(head := reader.read(4)) == 4:
                frame = decoder.decode(reader.read(int.from_bytes(head, "big")))
                self.asked += 1
                try:
                    answer = _ResponseFrame(frame.id, self.answer(frame.body or {}))
                except LookupError as error:
                    told = {"type": "ErrorResponse", "error": "GENERIC_ERROR", "detail": {"message": str(error)}}
                    answer = _ResponseFrame(frame.id, None, told)
                self.ours.sendall(answer.as_bytes())

    def answer(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """What a supervisor answers to *question*."""
        match question:
            case {"type": "GetXCom", "key": key}:
                if question["task_id"] == START_TASK and key == RETURN_VALUE:
                    value = {"execution_arn": f"{EXECUTION}{question['run_id']}"}
                else:
                    value = self.xcoms.get(_key(question))
                return {"type": "XComResult", "key": key, "value": value}
            case {"type": "SetXCom"}:
                self.xcoms[_key(question)] = question["value"]
                return None
            case {"type": "DeleteXCom"}:
                self.xcoms.pop(_key(question), None)
                return {"type": "OKResponse", "ok": True}
            case {"type": "GetTaskStates", "run_ids": [run_id, *_], "task_ids": [task_id, *_]}:
                state = "success" if task_id == START_TASK else "deferred"
                return {"type": "TaskStatesResult", "task_states": {run_id: {task_id: state}}}
            case {"type": "MaskSecret"}:
                return None
        raise LookupError(f"no trigger was expected to ask {question.get('type')}")


def _key(question: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(question[name] for name in ("key", "run_id", "task_id", "map_index"))
