"""Executions as this package needs them: start or adopt, read what is new, stop.

It is a hook of the Amazon provider, so connections, roles, proxies and endpoints are those of every other task.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook, SessionFactory
from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
from botocore.exceptions import BotoCoreError, ClientError

from airflow_sfn_ml.deploy.errors import code, translated
from airflow_sfn_ml.deploy.names import repair_arn
from airflow_sfn_ml.deploy.owner import check_owner
from airflow_sfn_ml.deploy.stops import Stop
from airflow_sfn_ml.exceptions import AccessDenied, DeployError, ExecutionError, NotDeployed
from airflow_sfn_ml.hooks.sessions import session_of

ABSENT = frozenset({"ExecutionDoesNotExist", "StateMachineDoesNotExist"})
LAG = (0.5, 1, 2, 4, 8, 15, 30)
"""The pauses between looks at what was just made and is not shown yet, in seconds: AWS's reads are eventually
consistent."""
PAGE = 1000
"""The most items that one call of GetExecutionHistory or ListExecutions returns."""


class StepFunctionsHook(AwsBaseHook):
    """Talk to AWS Step Functions.

    :param connection: the Airflow connection, where the caller has fetched it already: the triggerer may not ask for it
        from a thread. The other parameters are those of `AwsBaseHook`.
    """

    def __init__(self, *args: Any, connection: Any = None, **kwargs: Any) -> None:
        kwargs["client_type"] = "stepfunctions"
        super().__init__(*args, **kwargs)
        self._sessions: dict[str | None, Any] = {}
        self._clients: dict[str, Any] = {}
        self._making = threading.RLock()
        if connection is not None:
            self.conn_config = AwsConnectionWrapper(
                conn=connection, region_name=self._region_name, botocore_config=self._config, verify=self._verify
            )

    def start(self, version_arn: str, name: str, document: Mapping[str, Any]) -> str:
        """Start the execution *name* with *document* as its input, or adopt it if it exists already; return its ARN.

        Under the key ``airflow`` the input says which Dag run it belongs to, so that a retry knows its own execution
        even when the templates rendered to something else this time. An input without that key has to be the same.

        :raises NamesakeFound: an execution of that name exists which an earlier Dag run of the same id started.
        :raises NameTaken: an execution of that name exists which this Dag run did not start.
        """
        text = json.dumps(document, sort_keys=True, ensure_ascii=False)
        for pause in (*LAG, None):
            try:
                with translated(self.conn, "states:StartExecution", version_arn):
                    answer = self.conn.start_execution(stateMachineArn=version_arn, name=name, input=text)
            except NotDeployed as error:
                if pause is None:
                    raise DeployError(str(error)) from error
                self.log.info("AWS does not show %s yet; trying again in %s s", version_arn, pause)
                time.sleep(pause)
            except DeployError as error:
                if code(error) != "ExecutionAlreadyExists":
                    raise
                arn = execution_arn(version_arn, name)
                check_owner(self._described_later(arn), document)
                self.log.info("Adopted execution %s, which an earlier try started", arn)
                return arn
            else:
                self.log.info("Started execution %s", answer["executionArn"])
                return str(answer["executionArn"])
        raise AssertionError("the last try returns or raises")

    def _described_later(self, arn: str) -> dict[str, Any]:
        """The description of *arn*, which exists: reads may lag behind what StartExecution knows already."""
        for pause in LAG:
            found = self.find(arn)
            if found is not None:
                return found
            self.log.info("AWS says that %s exists, but does not show it yet; looking again in %s s", arn, pause)
            time.sleep(pause)
        return self.describe(arn)

    def find(self, arn: str) -> dict[str, Any] | None:
        """What DescribeExecution says of *arn*; None if there is no such execution."""
        try:
            return self.describe(arn)
        except DeployError as error:
            if code(error) not in ABSENT:
                raise
            return None

    def describe(self, arn: str) -> dict[str, Any]:
        """What DescribeExecution says of *arn*."""
        with translated(self.conn, "states:DescribeExecution", arn):
            return dict(self.conn.describe_execution(executionArn=arn))

    def events(self, arn: str, after: int = 0) -> list[dict[str, Any]]:
        """The events of *arn* with an id above *after*, oldest first; what was read before is not read again."""
        newer: list[dict[str, Any]] = []
        more: dict[str, Any] = {"reverseOrder": after > 0}
        with translated(self.conn, "states:GetExecutionHistory", arn):
            while True:
                page = self.conn.get_execution_history(
                    executionArn=arn, maxResults=PAGE, includeExecutionData=True, **more
                )
                newer += [event for event in page["events"] if event["id"] > after]
                reached = after > 0 and any(event["id"] <= after for event in page["events"])
                if reached or "nextToken" not in page:
                    return sorted(newer, key=lambda event: event["id"])
                more["nextToken"] = page["nextToken"]

    def executions(
        self, machine_arn: str, *, status: str | None = None, since: datetime | None = None
    ) -> Iterator[dict[str, Any]]:
        """The executions of a machine or of one of its versions, newest first, page by page as they are asked for.

        :param status: only those that have it.
        :param since: none that started before; the pages behind it are not read.
        """
        wanted: dict[str, Any] = {"stateMachineArn": machine_arn, "maxResults": PAGE}
        wanted |= {"statusFilter": status} if status else {}
        while True:
            with translated(self.conn, "states:ListExecutions", machine_arn):
                page = self.conn.list_executions(**wanted)
            for item in page["executions"]:
                if since is not None and item["startDate"] < since:
                    return
                yield dict(item)
            if "nextToken" not in page:
                return
            wanted["nextToken"] = page["nextToken"]

    def stop(self, arn: str, error: str, cause: str) -> None:
        """Stop *arn* and the jobs it is waiting for; an execution that has ended stays as it is."""
        with translated(self.conn, "states:StopExecution", arn):
            self.conn.stop_execution(executionArn=arn, error=error, cause=cause)

    def stop_job(self, stop: Stop, arguments: Mapping[str, Any]) -> None:
        """Stop a job that a state waits for; the execution goes on."""
        client = self.client_of(stop.service)
        with translated(client, stop.action, ", ".join(str(value) for value in arguments.values())):
            getattr(client, stop.method)(**arguments)

    def redrive(self, arn: str, token: str) -> None:
        """Run again what failed of *arn*; asking twice with the same *token* is asking once.

        :raises ExecutionError: AWS cannot redrive it any more: too old, too long a history, or it succeeded.
        """
        try:
            with translated(self.conn, "states:RedriveExecution", arn):
                self.conn.redrive_execution(executionArn=arn, clientToken=token)
        except DeployError as error:
            if code(error) != "ExecutionNotRedrivable":
                raise
            told = self.describe(arn)
            if told["status"] == "RUNNING":
                return  # someone was faster
            reason = told.get("redriveStatusReason") or error
            raise ExecutionError(
                f"{arn} cannot be redriven: {reason}. Clear the group's start task to run everything anew"
            ) from error

    def newest_repair(self, arn: str) -> str:
        """The ARN of the newest repair of the execution *arn*; *arn* itself if it has none."""
        number = 0
        while self._exists(repair_arn(arn, number + 1)):
            number += 1
        return repair_arn(arn, number)

    def _exists(self, arn: str) -> bool:
        try:
            return self.find(arn) is not None
        except AccessDenied as error:
            self.log.warning("Taking it that there is no %s: %s", arn, error)
            return False

    def log_tail(self, group: str, prefix: str, lines: int) -> list[str]:
        """The last *lines* of the newest log stream of *group* that begins with *prefix*; none if there is no such
        log."""
        logs = self.client_of("logs")
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
            if not streams:
                return []
            newest = max(streams, key=lambda stream: stream.get("lastEventTimestamp", 0))
            events = logs.get_log_events(
                logGroupName=group, logStreamName=newest["logStreamName"], limit=lines, startFromHead=False
            )["events"]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            return [] if code == "ResourceNotFoundException" else [f"(the log {group} cannot be read: {code})"]
        except BotoCoreError as error:
            return [f"(the log {group} cannot be read: {error})"]
        return [str(event["message"]) for event in events]

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """The session for a region, the same each time: with a role, every session takes a call and some megabytes."""
        if deferrable:
            return super().get_session(region_name, deferrable)
        with self._making:
            if region_name not in self._sessions:
                factory = SessionFactory(conn=self.conn_config, region_name=region_name, config=self.config)
                self._sessions[region_name] = session_of(factory)
            return self._sessions[region_name]

    def client_of(self, service: str) -> Any:
        """The client of another service with the same connection."""
        with self._making:  # sessions are not for several threads at a time; clients are
            if service not in self._clients:
                self._clients[service] = self.get_session(region_name=self.region_name).client(
                    service,
                    endpoint_url=self.conn_config.get_service_endpoint_url(service),
                    config=self.config,
                    verify=self.verify,
                )
            return self._clients[service]


def execution_arn(version_arn: str, name: str) -> str:
    """The ARN of the execution *name* of the machine whose version *version_arn* is."""
    machine = ":".join(version_arn.split(":")[:7])
    return machine.replace(":stateMachine:", ":execution:", 1) + f":{name}"
