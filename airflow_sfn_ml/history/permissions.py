"""Which permission is missing, by what a service or a script says of it. Pure.

AWS says it in many ways: "User: ARN is not authorized to perform: ACTION on resource: ARN because ...", "ARN is not
authorized to create managed-rule", or that a role "exists and that its trust relationship policy allows the action
"sts:AssumeRole" for the service principal".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NOT_AUTHORIZED = re.compile(
    r"(?P<who>arn:[\w-]+:(?:iam|sts)::\d*:[\w+=,.@/-]+)['\"]? is not authorized to "
    r"(?:perform:? (?:\[?(?P<action>[\w-]+:\w+))|create (?P<rule>managed-rule))"
    r"(?:\]? on resource:? ['\"]?(?P<resource>[^\s'\"]+))?"
)
NO_TRUST = re.compile(
    r"role ['\"]?(?P<who>arn:[\w-]+:iam::\d*:role/[\w+=,.@/-]+)['\"]? exists and that its trust relationship policy "
    r"allows the action ['\"](?P<action>[\w-]+:\w+)['\"] for the service principal ['\"](?P<service>[\w.-]+)['\"]"
)
RULE = "events:PutRule"
"""What a state machine needs to wait for a job; AWS calls it a managed rule."""


@dataclass(frozen=True)
class Missing:
    """A permission that is missing.

    :param who: the role or user, by its kind and name.
    :param resource: what the action was meant for, if that was told.
    """

    who: str
    action: str
    resource: str | None = None

    def __str__(self) -> str:
        return f"{self.who} lacks {self.action}" + (f" on {self.resource}" if self.resource else "")


def missing_permissions(text: str) -> list[Missing]:
    """The permissions that *text* says are missing, each once."""
    return list(dict.fromkeys(_found(text)))


def _found(text: str) -> Iterator[Missing]:
    for told in NOT_AUTHORIZED.finditer(text):
        resource = (told["resource"] or "").rstrip(".,;)") or None
        yield Missing(_who(told["who"]), told["action"] or RULE, resource)
    for told in NO_TRUST.finditer(text):
        yield Missing(f"the trust policy of {_who(told['who'])}", told["action"], f"behalf of {told['service']}")


def _who(arn: str) -> str:
    """``the role NAME`` for a role and for a session of it."""
    kind, _, name = arn.split(":", 5)[5].partition("/")
    if kind == "assumed-role":
        return f"the role {name.partition('/')[0]}"
    return f"the {kind} {name.rpartition('/')[2]}".rstrip()
