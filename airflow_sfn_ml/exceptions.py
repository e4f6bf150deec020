"""Every error of this package, as one tree.

::

    SfnMlError
    ├── DefinitionError (ValueError)   the ASL itself is wrong
    │   ├── DuplicateStatesInChain     a state cannot be in a chain twice, nor in two chains
    │   └── MissingRequiredParameter   an update of a workflow says neither a definition nor a role
    ├── TranslationError               an operator cannot become a state
    │   ├── UnsupportedOperator        no translator knows its class
    │   └── UnsupportedTemplate        a template says what a state machine cannot compute
    ├── CompileError                   the group cannot become a state machine
    │   ├── UnsupportedTriggerRule     a trigger rule that structure cannot keep
    │   ├── CrossesGroup               a path leaves the group and comes back
    │   └── TooLarge                   a limit of AWS is exceeded
    ├── DeployError                    AWS could not be made to match, or not be reached
    │   ├── NotDeployed                there is no version with this definition
    │   ├── NotPrepared                what an operator does before its call failed
    │   ├── WorkflowNotFound           a workflow was neither created nor attached
    │   ├── NotOwned                   the state machine belongs to someone else
    │   └── AccessDenied               an IAM permission is missing
    └── ExecutionError                 an execution did not do what it should
        ├── ExecutionFailed            it failed
        ├── ExecutionTimedOut          its own time limit ended it
        ├── ExecutionAborted           someone stopped it
        ├── NameTaken                  an execution of its name exists that another started
        │   └── NamesakeFound          an earlier Dag run of the same id did
        └── StateFailed                one of its states failed

A message says the task or state, what is wrong and what to do. Who checks something collects all that is wrong and
raises once: every class takes one message or several.
"""

from __future__ import annotations

from collections.abc import Iterable


class SfnMlError(Exception):
    """The root: everything that this package raises on purpose.

    :param problems: one message, or several that were found together; kept as the tuple ``problems``.
    """

    problems: tuple[str, ...]

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        # The only argument, so that an error survives the pickling between Airflow's processes.
        super().__init__(self.problems)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        return "\n".join([f"{len(self.problems)} problems:", *(f"- {problem}" for problem in self.problems)])


class DefinitionError(SfnMlError, ValueError):
    """The ASL itself is wrong."""


class DuplicateStatesInChain(DefinitionError):
    """A state cannot be in a chain twice, nor in two chains."""


class MissingRequiredParameter(DefinitionError):
    """An update of a workflow says neither a definition nor a role."""


class TranslationError(SfnMlError):
    """An operator cannot become a state."""


class UnsupportedOperator(TranslationError):
    """No translator knows the operator's class."""


class UnsupportedTemplate(TranslationError):
    """A template says what a state machine cannot compute."""


class CompileError(SfnMlError):
    """The group cannot become a state machine; ``problems`` holds every reason."""


class UnsupportedTriggerRule(CompileError):
    """A trigger rule that the structure of a state machine cannot keep."""


class CrossesGroup(CompileError):
    """A path leaves the group and comes back."""


class TooLarge(CompileError):
    """A limit of AWS is exceeded."""


class DeployError(SfnMlError):
    """AWS could not be made to match, or not be reached."""


class NotDeployed(DeployError):
    """There is no version with this definition."""


class NotPrepared(DeployError):
    """What an operator does before its call, as an upload, failed when the execution was to start."""


class WorkflowNotFound(DeployError):
    """A workflow was neither created nor attached."""


class NotOwned(DeployError):
    """The state machine belongs to someone else."""


class AccessDenied(DeployError):
    """An IAM permission is missing."""


class ExecutionError(SfnMlError):
    """An execution did not do what it should."""


class ExecutionFailed(ExecutionError):
    """The execution failed."""


class ExecutionTimedOut(ExecutionError):
    """The execution's own time limit ended it."""


class ExecutionAborted(ExecutionError):
    """Someone stopped the execution."""


class NameTaken(ExecutionError):
    """An execution of the name exists which someone else started."""


class NamesakeFound(NameTaken):
    """An execution of the name exists which an earlier Dag run of the same id started."""


class StateFailed(ExecutionError):
    """One state of an execution failed."""
