"""What an execution looks like at one moment, as values.

A view is made by `airflow_sfn_ml.history.reduce`, never changed afterwards, and can be pickled. The fields with an
underscore are what the fold needs to go on when the next events come.

Inputs and outputs stay the JSON text that AWS sent until someone asks for the value: most of them are never looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class StateStatus(StrEnum):
    """What became of a state.

    ``retrying``: an attempt failed and the state has not ended. It waits for the next attempt, is in it, or is about to
    end: the history does not say which before the next event. ``caught``: it failed and a Catch took over. ``aborted``:
    it was stopped because something else failed or someone stopped the execution.
    """

    NOT_ENTERED = "not_entered"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CAUGHT = "caught"
    ABORTED = "aborted"
    TIMED_OUT = "timed_out"

    @property
    def is_open(self) -> bool:
        """Whether the state is still at work."""
        return self in (StateStatus.RUNNING, StateStatus.RETRYING)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a state's work.

    :param number: from 1; a redrive goes on counting.
    :param status: running, succeeded, failed, timed_out or aborted.
    :param resource: what was called, as in ``createTrainingJob.sync``, with *resource_type* ``sagemaker``; an ARN for
        Lambda functions and activities that are called directly.
    :param job: the name or id of what it started, and *job_arn* its ARN.
    :param redrive_count: in which redrive of the execution it ran; 0 before the first.
    :param request_text: what the service was asked, as JSON; None where the history was read without execution data.
    """

    number: int
    status: StateStatus = StateStatus.RUNNING
    scheduled: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    error: str | None = None
    cause: str | None = None
    resource_type: str | None = None
    resource: str | None = None
    region: str | None = None
    job: str | None = None
    job_arn: str | None = None
    redrive_count: int = 0
    request_text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StateView:
    """One state.

    A state that is entered more than once, in a loop or in the iterations of a Map, shows one visit: one that is at
    work if there is any, else the last. *entered_count* and *outcomes* count them all.

    :param type: Task, Pass, Choice, Wait, Succeed, Fail, Parallel or Map.
    :param parent: the Parallel or Map that the state is in, if any.
    :param outcomes: how many visits have which status now.
    :param error: of a failure that was not retried, or not yet.
    :param length: of a Map: how many items it has.
    :param iterations: of a Map that runs in this execution: how many iterations have which status.
    :param map_run_arn: of a Map whose iterations are executions of their own.
    """

    name: str
    status: StateStatus = StateStatus.NOT_ENTERED
    type: str = ""
    parent: str | None = None
    entered_count: int = 0
    outcomes: Mapping[StateStatus, int] = field(default_factory=dict)
    entered: datetime | None = None
    exited: datetime | None = None
    attempts: tuple[Attempt, ...] = ()
    input_text: str | None = field(default=None, repr=False)
    output_text: str | None = field(default=None, repr=False)
    error: str | None = None
    cause: str | None = field(default=None, repr=False)
    length: int | None = None
    iterations: Mapping[StateStatus, int] = field(default_factory=dict)
    map_run_arn: str | None = None
    _visit: int = field(default=0, repr=False)
    _wounded: bool = field(default=False, repr=False)
    _redriven: bool = field(default=False, repr=False)
    _culprits: tuple[int, ...] = field(default=(), repr=False)

    @property
    def input(self) -> object:
        """The state's input; None where the history was read without execution data."""
        return None if self.input_text is None else json.loads(self.input_text)

    @property
    def output(self) -> object:
        """The state's output; None before there is one, or where the history was read without execution data."""
        return None if self.output_text is None else json.loads(self.output_text)

    @property
    def job(self) -> str | None:
        """The name or id of the job or execution that the last attempt started."""
        return self.attempts[-1].job if self.attempts else None

    @property
    def job_arn(self) -> str | None:
        """The ARN of the job or execution that the last attempt started."""
        return self.attempts[-1].job_arn if self.attempts else None


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """An execution, as far as its history has been read.

    :param status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.
    :param states: every state that was entered, by name.
    :param failed_states: the states that made the execution fail, innermost; not their siblings, which were stopped,
        and not the Parallel or Map around them.
    :param stopped: when it ended; None again after a redrive.
    :param redriven: when it was redriven last.
    :param version_arn: the version of the state machine that it runs, if it was started with one.
    """

    status: str = "RUNNING"
    states: Mapping[str, StateView] = field(default_factory=dict)
    failed_states: tuple[str, ...] = ()
    input_text: str | None = field(default=None, repr=False)
    output_text: str | None = field(default=None, repr=False)
    error: str | None = None
    cause: str | None = field(default=None, repr=False)
    started: datetime | None = None
    stopped: datetime | None = None
    redriven: datetime | None = None
    redrive_count: int = 0
    version_arn: str | None = None
    last_event_id: int = 0
    _places: bytes = field(default=b"", repr=False)
    _visits: Mapping[int, StateView] = field(default_factory=dict, repr=False)
    _iterations: Mapping[int, Mapping[int, tuple[int, StateStatus]]] = field(default_factory=dict, repr=False)
    _within: Mapping[str, Mapping[int, tuple[int, Mapping[str, StateView]]]] = field(default_factory=dict, repr=False)

    @property
    def input(self) -> object:
        """The execution's input; None where the history was read without execution data."""
        return None if self.input_text is None else json.loads(self.input_text)

    @property
    def output(self) -> object:
        """The execution's output; None before it succeeded, or where the history was read without execution data."""
        return None if self.output_text is None else json.loads(self.output_text)

    def state(self, name: str) -> StateView:
        """The state *name*; one that was never entered has the status not_entered."""
        return self.states.get(name) or StateView(name)

    def within(self, map_state: str, index: int) -> ExecutionView:
        """The execution as iteration *index* of the Map *map_state* sees it: its `states` are those of this iteration.

        Of a Map that was entered or tried more than once, the last iteration of this index. Iterations that run as
        executions of their own have no states here.
        """
        _, states = self._within.get(map_state, {}).get(index, (0, {}))
        return replace(self, states=states, _within={})

    def everywhere(self) -> Iterator[StateView]:
        """Each state that was entered, one that is in iterations of a Map once for each of them."""
        inside = [state for of in self._within.values() for _, states in of.values() for state in states.values()]
        yield from {(state.name, state._visit): state for state in [*inside, *self.states.values()]}.values()

    def with_status(self, status: str) -> ExecutionView:
        """The same view with the *status* that DescribeExecution told: PENDING_REDRIVE leaves no event."""
        return replace(self, status=status)
