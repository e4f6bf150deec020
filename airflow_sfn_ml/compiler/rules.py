"""Airflow's trigger rules over the states of a machine's tasks.

Airflow decides by the states of a task's direct upstream tasks, and of the setups around it, whether the task runs, is
skipped or counts as failed upstream (``ti_deps/deps/trigger_rule_dep.py`` of Airflow 3.3.2). The machine has to decide
the same, or a task would wait in Airflow for a state that never comes. What can be decided while compiling is: an
upstream task that surely succeeded needs no look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SUCCESS, SKIPPED, FAILED, UPSTREAM_FAILED = "success", "skipped", "failed", "upstream_failed"
NEEDS_SUCCESS = frozenset({"all_success", "none_failed", "none_failed_min_one_success"})
"""Under these rules one failed upstream task is enough for the task never to run."""
AFTER_FAILURE = frozenset({"all_done", "all_failed", "all_done_min_one_success", "all_done_setup_success"})
"""Tasks with these rules are there for the case that something failed."""
RULES = NEEDS_SUCCESS | AFTER_FAILURE | {"none_skipped", "all_skipped", "always"}
"""What can be kept in a machine."""
REFUSED = {
    "one_success": "none_failed_min_one_success",
    "one_failed": "all_done",
    "one_done": "all_done",
    "all_success_setup": "all_success",
}
"""What cannot, since a join of a machine waits for everything before it, with the rule that comes nearest."""


@dataclass(frozen=True)
class Condition:
    """When a task runs, in JSONata; None where it always does. *otherwise* is its status where it does not."""

    runs: str | None
    otherwise: str = f"'{SKIPPED}'"


@dataclass(frozen=True)
class Upstream:
    """The direct upstream tasks of a task, as the machine sees them.

    :param known: how many surely succeeded; tasks outside of the group are among them, since the execution was started.
    :param unsure: the variables (with the dollar) that hold the status of the others.
    :param setups: those of *unsure* that are setups, and *known_setups* how many of the known ones are.
    :param around: variables with the status of setups further up, whose teardown comes after the task.
    """

    known: int
    unsure: tuple[str, ...] = ()
    setups: tuple[str, ...] = ()
    known_setups: int = 0
    around: tuple[str, ...] = ()


def condition(rule: str, upstream: Upstream) -> Condition:
    """When a task with *rule* runs."""
    decided = _direct(rule, upstream) if upstream.known or upstream.unsure else Condition(None)
    if not upstream.around or rule == "always":
        return decided
    setups = _all(upstream.around, SUCCESS)
    runs = setups if decided.runs is None else f"{setups} and {decided.runs}"
    ordinary = decided.otherwise if decided.runs is not None else f"'{SKIPPED}'"
    return Condition(
        runs,
        f"{_any_failed(upstream.around)} ? '{UPSTREAM_FAILED}' : {_any(upstream.around, SKIPPED)} ? '{SKIPPED}' : "
        f"{ordinary}",
    )


def _direct(rule: str, upstream: Upstream) -> Condition:
    unsure, known = upstream.unsure, upstream.known
    match rule:
        case "all_success" if unsure:
            return Condition(_all(unsure, SUCCESS), f"{_any_failed(unsure)} ? '{UPSTREAM_FAILED}' : '{SKIPPED}'")
        case "none_failed" if unsure:
            return Condition(f"$not({_any_failed(unsure)})", f"'{UPSTREAM_FAILED}'")
        case "none_failed_min_one_success" if unsure:
            none_failed = f"$not({_any_failed(unsure)})"
            if known:
                return Condition(none_failed, f"'{UPSTREAM_FAILED}'")
            return Condition(
                f"{none_failed} and {_any(unsure, SUCCESS)}",
                f"{_any_failed(unsure)} ? '{UPSTREAM_FAILED}' : '{SKIPPED}'",
            )
        case "none_skipped" if unsure:
            return Condition(f"$not({_any(unsure, SKIPPED)})")
        case "all_skipped":
            return Condition("false" if known else _all(unsure, SKIPPED))
        case "all_failed":
            return Condition("false" if known else _every_failed(unsure))
        case "all_done_min_one_success" if unsure:
            none_skipped = f"$not({_any(unsure, SKIPPED)})"
            if known:
                return Condition(none_skipped)
            return Condition(
                f"{none_skipped} and {_any(unsure, SUCCESS)}",
                f"{_any(unsure, SKIPPED)} ? '{SKIPPED}' : '{UPSTREAM_FAILED}'",
            )
        case "all_done_setup_success" if upstream.setups and not upstream.known_setups:
            return Condition(
                _any(upstream.setups, SUCCESS),
                f"{_all(upstream.setups, SKIPPED)} ? '{SKIPPED}' : '{UPSTREAM_FAILED}'",
            )
        case _:
            return Condition(None)


def _list(variables: Sequence[str]) -> str:
    return f"[{', '.join(variables)}]"


def _any(variables: Sequence[str], status: str) -> str:
    return f"'{status}' in {_list(variables)}"


def _all(variables: Sequence[str], status: str) -> str:
    return " and ".join(f"{variable} = '{status}'" for variable in variables)


def _any_failed(variables: Sequence[str]) -> str:
    return f"({_any(variables, FAILED)} or {_any(variables, UPSTREAM_FAILED)})"


def _every_failed(variables: Sequence[str]) -> str:
    return " and ".join(f"{variable} in ['{FAILED}', '{UPSTREAM_FAILED}']" for variable in variables)
