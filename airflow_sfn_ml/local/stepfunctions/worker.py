"""Starting and stopping an execution.

moto makes the environment of an execution in its thread, so that a history asked for, or a stop sent, right after
StartExecution meets nothing. Here the environment exists, and runs, before StartExecution answers; and a redrive has
an environment of its own, which goes on from where the one before ended.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.progress import progress_of
from airflow_sfn_ml.local.stepfunctions.states import mark_locations, timestamp

log = logging.getLogger(__name__)

patches = Patches("moto.stepfunctions.parser")

_STOP_SECONDS = 5


@patches.replaces("backend.execution_worker", "ExecutionWorker.start", "self")
def start(self: Any) -> None:
    """Make the environment, then run the program in a thread."""
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

    prepare(self, {"RedriveCount": 0})
    details = self._evaluation_details
    self.env.event_manager.add_event(
        context=self.env.event_history_context,
        event_type="ExecutionStarted",
        event_details={
            "executionStartedEventDetails": {
                "input": to_json_str(details.execution_details.inpt),
                "inputDetails": {"truncated": False},
                "roleArn": details.aws_execution_details.role_arn,
            }
        },
        update_source_event_id=False,
    )
    launch(self)


def prepare(worker: Any, redrives: Mapping[str, Any]) -> None:
    """Give `worker` a running environment, whose context object tells of the `redrives`."""
    worker.env = worker._get_evaluation_environment()
    context = worker.env.states.context_object.context_object_data["Execution"]
    context["StartTime"] = timestamp(worker._evaluation_details.execution_details.start_time)
    context.update(redrives)
    worker.env.next_state_name = ""


def launch(worker: Any) -> None:
    """Run the program in a thread."""
    name = f"execution {worker._evaluation_details.execution_details.name}"
    threading.Thread(target=worker._execution_logic, daemon=True, name=name).start()


@patches.replaces("backend.execution_worker", "ExecutionWorker._execution_logic", "self")
def run(self: Any) -> None:
    """Run the program of an execution to its terminal event."""
    try:
        program_of(self._evaluation_details.state_machine_details.definition).eval(self.env)
    except Exception as error:
        log.exception("execution %s", self._evaluation_details.execution_details.arn)
        _fail(self.env, error)
    self._execution_communication.terminated()


@lru_cache(maxsize=64)
def program_of(definition: str) -> Any:
    """The program of a definition, shared by its executions: what a program counts and keeps is in their environments.

    Parsing a machine of ten states takes a tenth of a second.
    """
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    program = AmazonStateLanguageParser.parse(definition)[0]
    mark_locations(program)
    _name_counters(program, set())
    return program


def _name_counters(component: Any, seen: set[int]) -> None:
    """Give every component the key of its counters now: moto makes them when they are first asked for, unguarded."""
    from moto.stepfunctions.parser.asl.component.component import Component

    if id(component) in seen:
        return
    seen.add(id(component))
    getattr(component, "heap_key", None)
    for part in list(vars(component).values()):
        children = part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else [part]
        for child in children:
            if isinstance(child, Component):
                _name_counters(child, seen)


def _fail(env: Any, error: Exception) -> None:
    """End an execution that the interpreter itself could not go on with."""
    failure = {"error": "States.Runtime", "cause": f"{type(error).__name__}({error})"}
    env.set_error(failure)
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type="ExecutionFailed",
        event_details={"executionFailedEventDetails": failure},
    )


@patches.replaces("asl.component.program.program", "Program.eval", "self", "env")
def run_program(self: Any, env: Any) -> None:
    """Run a machine, or a branch, in the calling thread; its TimeoutSeconds ends it from a timer."""
    with env._state_mutex:
        if env._program_state is None or env.is_running():
            env.next_state_name = progress_of(env).begin(env, self.start_at.start_at_name)
    if self.timeout_seconds is None:
        self._eval_body(env)
        return

    def time_out() -> None:
        with env._state_mutex:
            if env.is_running():
                env.set_timed_out()

    timer = threading.Timer(self.timeout_seconds.timeout_seconds, time_out)
    timer.daemon = True
    timer.start()
    try:
        self._eval_body(env)
    finally:
        timer.cancel()


def abort(execution: Any, error: str | None, cause: str | None) -> None:
    """Stop an execution and wait a moment until it is over."""
    if execution.status == "RUNNING":
        execution.stop(datetime.datetime.now(datetime.UTC), error=error, cause=cause)
        execution.ended.wait(_STOP_SECONDS)
