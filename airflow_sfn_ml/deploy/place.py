"""Where a state machine is, for the ARNs of policies. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from airflow_sfn_ml.deploy.names import repair_machine_name

ROLE = re.compile(r"arn:([^:]+):iam::(\d{12}):role/.+")


@dataclass(frozen=True)
class Place:
    """Partition, region and account of a state machine, and its name; ``*`` is what is not known."""

    partition: str = "aws"
    region: str = "*"
    account: str = "*"
    name: str = "*"

    @classmethod
    def of_role(
        cls, role_arn: str | None, name: str = "*", *, region: str | None = None, account: str | None = None
    ) -> Place:
        """The place of the state machine *name* whose role *role_arn* is."""
        found = ROLE.fullmatch(role_arn or "")
        partition, number = found.groups() if found else ("aws", "*")
        return cls(partition, region or "*", account or number, name)

    @property
    def machine_arn(self) -> str:
        """The ARN of the state machine."""
        return f"arn:{self.partition}:states:{self.region}:{self.account}:stateMachine:{self.name}"

    @property
    def of_repairs(self) -> Place:
        """The place of the machine that repairs the executions of this one."""
        return self if self.name == "*" else replace(self, name=repair_machine_name(self.name))

    @property
    def execution_arn(self) -> str:
        """The pattern of the ARNs of its executions."""
        return f"arn:{self.partition}:states:{self.region}:{self.account}:execution:{self.name}:*"
