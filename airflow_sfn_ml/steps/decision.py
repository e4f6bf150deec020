"""A task that decides which of the tasks right after it run: what a branch operator is, in the words of the machine.

The first way whose condition holds names the tasks that run; what comes right after the decision and is not named is
skipped, unless it comes after something that was named too, as with Airflow's ``skip_all_except``. So nothing leaves
its place in the graph: edges stay edges, and the compiler puts a gate before each task that may not have been chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Text


@dataclass(frozen=True)
class Way:
    """One of the ways on from a decision.

    :param condition: when it is taken; None for the last way, which is taken where no other is.
    :param follows: the names of the tasks right after the decision that run.
    :param output: the task's XCom: the ids of what was chosen, as Airflow has them. May fail (``$error``).
    :param label: what a person calls it, for the picture.
    """

    condition: Code | None
    follows: tuple[str, ...]
    output: Any
    label: str = ""


@dataclass(frozen=True)
class Decision:
    """The first of *ways* whose condition holds chooses which of the tasks right after this one run.

    :param state_id: the name of the task.
    :param ways: at least two; the last has no condition.
    """

    state_id: str
    ways: tuple[Way, ...]

    @property
    def request(self) -> dict[str, Any]:
        """What may hold symbols: the conditions."""
        return {"conditions": [way.condition for way in self.ways[:-1]]}

    def with_request(self, request: Mapping[str, Any]) -> Decision:
        """The same decision with other conditions."""
        pairs = zip(request["conditions"], self.ways[:-1], strict=True)
        ways = [replace(way, condition=_kept(condition)) for condition, way in pairs]
        return replace(self, ways=(*ways, self.ways[-1]))

    def named(self, names: Mapping[str, str]) -> Decision:
        """The same decision with other names for what follows; what *names* lacks is not part of the machine."""
        ways = (replace(way, follows=tuple(names[name] for name in way.follows if name in names)) for way in self.ways)
        return replace(self, ways=tuple(ways))


def _kept(code: Code) -> Code:
    """*code* with each reference that stands alone in a text left as the value it is.

    Airflow renders ``{{ ti.xcom_pull('train')['auc'] }}`` to text, and the operator that compares turns it back into
    what it was. Without the way through text, a number keeps all its digits.
    """
    return Code(
        tuple(
            Given(part.value.parts[0])
            if isinstance(part, Given) and isinstance(part.value, Text) and len(part.value.parts) == 1
            else part
            for part in code.parts
        )
    )
