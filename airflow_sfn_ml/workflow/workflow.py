"""A workflow: a definition with a name and a role, and the state machine that is made of it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.exceptions import DefinitionError, MissingRequiredParameter, WorkflowNotFound
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import Chain, FrozenGraph, Graph, State
from airflow_sfn_ml.steps.checks import definition_problems
from airflow_sfn_ml.workflow.code import upload_code
from airflow_sfn_ml.workflow.execution import Execution, ExecutionStatus
from airflow_sfn_ml.workflow.lists import ExecutionsList, Html, WorkflowList
from airflow_sfn_ml.workflow.settings import cloudformation, configuration, tag_list

logger = logging.getLogger(__name__)
_ARN = re.compile(r"arn:[\w-]+:states:[^'\"\s,]+:stateMachine:[^'\"\s,]+")


class Workflow:
    """A state machine, before and after it is created.

    :param name: its name.
    :param definition: a state, a chain, a graph, or a definition as a dict.
    :param role: the ARN of the role that it works with.
    :param tags: a dict, or a list of keys and values.
    :param execution_input: the placeholders of its input; inputs of executions are checked against their schema.
    :param timeout_seconds: how long an execution may take.
    :param comment: what people should know about it.
    :param version: of the language.
    :param state_machine_arn: of one that is there.
    :param format_json: whether definition and inputs are sent with line breaks.
    :param client: boto3's ``stepfunctions`` client; made when it is first needed if not given.
    :param query_language: ``JSONata`` for all states.
    :param type: ``STANDARD`` or ``EXPRESS``.
    :param logging_configuration: the ARN of a log group, or the whole ``loggingConfiguration``.
    :param tracing: whether AWS X-Ray follows executions.
    :param encryption: the id of a KMS key, or the whole ``encryptionConfiguration``.
    :param check: whether `create` and `update` look for what AWS and the services would refuse before they send
        anything.
    """

    def __init__(
        self,
        name: str,
        definition: State | Chain | Graph | Mapping[str, Any],
        role: str,
        tags: Any = None,
        execution_input: ExecutionInput | None = None,
        timeout_seconds: int | None = None,
        comment: str | None = None,
        version: str | None = None,
        state_machine_arn: str | None = None,
        format_json: bool = True,
        client: Any = None,
        *,
        query_language: str | None = None,
        type: str = "STANDARD",
        logging_configuration: str | Mapping[str, Any] | None = None,
        tracing: bool = False,
        encryption: str | Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> None:
        self._head = {
            "timeout_seconds": timeout_seconds,
            "comment": comment,
            "version": version,
            "query_language": query_language,
        }
        self.name = name
        self.role = role
        self.tags = tag_list(tags)
        self.workflow_input = execution_input
        self.format_json = format_json
        self.state_machine_arn = state_machine_arn
        self.type = type
        self.check = check
        self.configuration = configuration(logging_configuration, tracing, encryption)
        self.definition = self._graph(definition)
        if client is not None:
            self.client = client

    @cached_property
    def client(self) -> Any:
        """boto3's client."""
        import boto3

        return boto3.client("stepfunctions")

    def _graph(self, definition: Any) -> Graph:
        if isinstance(definition, Graph):
            return definition
        if isinstance(definition, Mapping):
            return FrozenGraph(definition)
        return Graph(definition, **self._head)

    # What is there

    @classmethod
    def list_workflows(cls, max_items: int = 100, client: Any = None, html: bool = False) -> Any:
        """The state machines of the account.

        :param html: as a table for a notebook.
        """
        if client is None:
            import boto3

            client = boto3.client("stepfunctions")
        pages = client.get_paginator("list_state_machines").paginate(
            PaginationConfig={"MaxItems": max_items, "PageSize": min(max_items, 1000)}
        )
        found = WorkflowList(machine for page in pages for machine in page["stateMachines"])
        return found.to_html() if html else found

    @classmethod
    def attach(cls, state_machine_arn: str, client: Any = None) -> Workflow:
        """The workflow of a state machine that is there."""
        if client is None:
            import boto3

            client = boto3.client("stepfunctions")
        found = client.describe_state_machine(stateMachineArn=state_machine_arn)
        return cls(
            name=found["name"],
            definition=FrozenGraph.from_json(found["definition"]),
            role=found["roleArn"],
            state_machine_arn=found["stateMachineArn"],
            client=client,
            type=found.get("type", "STANDARD"),
            logging_configuration=found.get("loggingConfiguration"),
            tracing=found.get("tracingConfiguration", {}).get("enabled", False),
            encryption=found.get("encryptionConfiguration"),
        )

    # Create and change

    def problems(self) -> list[str]:
        """What AWS and the services would refuse of the definition."""
        return definition_problems(self.definition)

    def create(self) -> str:
        """Create the state machine; if one of this name is there, that is taken as it is.

        :returns: its ARN.
        :raises DefinitionError: with every problem, before anything is sent.
        """
        if self.state_machine_arn is not None:
            return self.state_machine_arn
        definition = self._ready()
        try:
            answer = self.client.create_state_machine(
                name=self.name,
                definition=definition,
                roleArn=self.role,
                type=self.type,
                tags=self.tags,
                **self.configuration,
            )
            self.state_machine_arn = str(answer["stateMachineArn"])
        except self.client.exceptions.StateMachineAlreadyExists as error:
            self.state_machine_arn = self._existing(str(error))
            logger.warning(
                "%s is there already, with another definition or role; create_or_update() changes it", self.name
            )
        return self.state_machine_arn

    def update(self, definition: Any = None, role: str | None = None) -> str:
        """Change the state machine that is there. Executions that start within seconds may still use what was before.

        :raises MissingRequiredParameter: neither a definition nor a role is given.
        :raises WorkflowNotFound: it was neither created nor attached.
        """
        if definition is None and role is None:
            raise MissingRequiredParameter(
                "A new definition and/or role must be provided to update an existing workflow."
            )
        arn = self._arn("Workflow.update()")
        self.role = role or self.role
        if definition is not None:
            self.definition = self._graph(definition)
        self.client.update_state_machine(
            stateMachineArn=arn, definition=self._ready(), roleArn=self.role, **self.configuration
        )
        return arn

    def create_or_update(self) -> str:
        """Make the state machine be as this workflow says: created if it is not there, changed only if it differs.

        :returns: its ARN.
        """
        arn = self.create()
        found = self.client.describe_state_machine(stateMachineArn=arn)
        if found.get("type", "STANDARD") != self.type:
            raise DefinitionError(
                f"{self.name} is of type {found['type']}, and AWS cannot change that; delete it first"
            )
        if asl.digest(json.loads(found["definition"])) != asl.digest(self._rendered()) or found["roleArn"] != self.role:
            self.update(definition=self.definition)
        if self.tags:
            self.client.tag_resource(resourceArn=arn, tags=self.tags)
        return arn

    def delete(self) -> None:
        """Delete the state machine, if it is there; running executions end first."""
        if self.state_machine_arn is not None:
            self.client.delete_state_machine(stateMachineArn=self.state_machine_arn)

    def publish(self, description: str = "") -> str:
        """Publish what the state machine is now as a version.

        :returns: the version's ARN, which can be executed: ``execute(version=...)``.
        """
        arn = self._arn("Workflow.publish()")
        answer = self.client.publish_state_machine_version(stateMachineArn=arn, description=description)
        return str(answer["stateMachineVersionArn"])

    def list_versions(self) -> list[dict[str, Any]]:
        """The published versions, the newest first."""
        given = {"stateMachineArn": self._arn("Workflow.list_versions()"), "maxResults": 1000}
        versions: list[dict[str, Any]] = []
        while True:
            answer = self.client.list_state_machine_versions(**given)
            versions += answer["stateMachineVersions"]
            if not answer.get("nextToken"):
                return versions
            given["nextToken"] = answer["nextToken"]

    # Execute

    def execute(
        self,
        name: str | None = None,
        inputs: Any = None,
        *,
        version: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        """Start an execution.

        :param name: the same name with the same input, while that runs, is the same execution.
        :param inputs: JSON data.
        :param version: the ARN of a version or an alias to execute.
        :raises ValueError: the input does not have the schema of ``execution_input``; the message names what is wrong.
        """
        given = self._start(name, inputs, version, trace_header)
        answer = self.client.start_execution(**given)
        return Execution(
            self, answer["executionArn"], answer["startDate"], ExecutionStatus.Running, self.client, name=name
        )

    def execute_sync(
        self, name: str | None = None, inputs: Any = None, *, version: str | None = None
    ) -> dict[str, Any]:
        """Execute an express workflow and wait for the answer of StartSyncExecution."""
        answer: dict[str, Any] = self.client.start_sync_execution(**self._start(name, inputs, version, None))
        return answer

    def _start(self, name: str | None, inputs: Any, version: str | None, trace_header: str | None) -> dict[str, Any]:
        self._check_input(inputs)
        given = {"stateMachineArn": version or self._arn("Workflow.execute()")}
        if name is not None:
            given["name"] = name
        if inputs is not None:
            given["input"] = json.dumps(inputs, indent=4 if self.format_json else None)
        if trace_header is not None:
            given["traceHeader"] = trace_header
        return given

    def list_executions(
        self, max_items: int = 100, status_filter: ExecutionStatus | str | None = None, html: bool = False
    ) -> Any:
        """The executions of the state machine, the newest first.

        :param html: as a table for a notebook.
        """
        found = ExecutionsList()
        if self.state_machine_arn is not None:
            status = {} if status_filter is None else {"statusFilter": ExecutionStatus(status_filter).value}
            pages = self.client.get_paginator("list_executions").paginate(
                stateMachineArn=self.state_machine_arn,
                PaginationConfig={"MaxItems": max_items, "PageSize": min(max_items, 1000)},
                **status,
            )
            found.extend(self._execution(listed) for page in pages for listed in page["executions"])
        return found.to_html() if html else found

    def _execution(self, listed: Mapping[str, Any]) -> Execution:
        return Execution(
            self,
            listed["executionArn"],
            listed["startDate"],
            listed["status"],
            self.client,
            name=listed["name"],
            stop_date=listed.get("stopDate"),
        )

    # Show

    def render_graph(self, portrait: bool = False) -> Html:
        """A picture of the definition, for a notebook."""
        from airflow_sfn_ml.pictures import to_html

        return Html(to_html(self.definition.to_dict()))

    def get_cloudformation_template(self, description: str | None = None) -> str:
        """A template with the state machine as its only resource, as JSON (which is YAML too)."""
        return cloudformation(
            self.name, self._rendered(), self.role, self.type, self.tags, self.configuration, description
        )

    def __repr__(self) -> str:
        return f"Workflow(name={self.name!r}, role={self.role!r}, state_machine_arn={self.state_machine_arn!r})"

    def _repr_html_(self) -> str:
        arn = self.state_machine_arn
        if arn is None:
            return "Workflow: Does Not Exist."
        region = arn.split(":")[3]
        url = f"https://{region}.console.aws.amazon.com/states/home?region={region}#/statemachines/view/{arn}"
        return f'Workflow: <a target="_blank" href="{url}">{arn}</a>'

    # Within

    def _rendered(self) -> dict[str, Any]:
        """The definition in the partition of the client."""
        return self.definition.to_dict(self.client.meta.partition)

    def _ready(self) -> str:
        """The definition as text, checked, with the code that it names uploaded."""
        if self.check:
            problems = self.problems()
            if problems:
                raise DefinitionError(problems)
        upload_code(self.definition, self.client)
        return json.dumps(self._rendered(), indent=4 if self.format_json else None)

    def _existing(self, message: str) -> str:
        found = _ARN.search(message)
        if found:
            return found.group().rstrip(".")
        for machine in self.list_workflows(max_items=100_000, client=self.client):
            if machine["name"] == self.name:
                return str(machine["stateMachineArn"])
        raise WorkflowNotFound(f"AWS says that {self.name} exists, but does not list it: {message}")

    def _arn(self, what: str) -> str:
        if self.state_machine_arn is None:
            raise WorkflowNotFound(
                "Local workflow instance does not point to an existing workflow on AWS StepFunctions. "
                f"Before {what}, call Workflow.create() or Workflow.attach()."
            )
        return self.state_machine_arn

    def _check_input(self, inputs: Any) -> None:
        if self.workflow_input is None:
            return
        result = self.workflow_input.validate(inputs)
        if not result.valid:
            wrong = [f"{key} is missing" for key in result.keys_missing or ()]
            wrong += [f"{key} is a {was.__name__}" for key, _, was in result.keys_type_mismatch or ()]
            schema = self.workflow_input.get_schema_as_json()
            raise ValueError(f"Expected run input with the schema: {schema}; {', '.join(wrong) or 'there is none'}")
