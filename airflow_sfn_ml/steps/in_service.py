"""Wait until an endpoint is in service.

Step Functions cannot wait for an endpoint, so a loop looks at it. The loop is the one branch of a Parallel, so that it
remains one state: it can retry and catch, and nothing else in the definition needs to know that it is several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.steps.freezer import Freezer
from airflow_sfn_ml.steps.lowering import JSONATA, kept_beside

NAME = "{% $split($states.input.EndpointArn, '/')[1] %}"
BUSY = "{% $states.input.EndpointStatus in ['Creating', 'Updating', 'SystemUpdating', 'RollingBack', 'Deleting'] %}"


def until_in_service(call: asl.Task, fields: Mapping[str, Any], poll_seconds: int, freezer: Freezer) -> asl.Parallel:
    """*call*, which creates or updates an endpoint, and then a loop until that is in service.

    :raises ValueError: *fields* has what only a JSONPath state can have: the Parallel is JSONata.
    """
    for name in fields.keys() & {"input_path", "output_path", "result_selector"}:
        raise ValueError(f"{name}: with wait_for_completion the state is JSONata, which does not have it; use output")
    name = call.name
    language = None if freezer.query_language == JSONATA else JSONATA
    looks = asl.Task(
        f"{name}: look",
        resource=f"arn:{freezer.partition}:states:::aws-sdk:sagemaker:describeEndpoint",
        arguments={"EndpointName": NAME},
        retry=(asl.Retry(error_equals=("States.TaskFailed",), max_attempts=5, jitter_strategy="FULL"),),
        next=f"{name}: in service?",
        query_language=language,
    )
    chooses = asl.Choice(
        f"{name}: in service?",
        choices=(
            asl.ChoiceRule.when("{% $states.input.EndpointStatus = 'InService' %}", f"{name}: in service"),
            asl.ChoiceRule.when(BUSY, f"{name}: wait"),
        ),
        default=f"{name}: failed",
        query_language=language,
    )
    waits = asl.Wait(f"{name}: wait", seconds=poll_seconds, next=looks.name, query_language=language)
    fails = asl.Fail(
        f"{name}: failed",
        error="{% 'Endpoint' & $states.input.EndpointStatus %}",
        cause="{% $string($states.input) %}",
        query_language=language,
    )
    begins = replace(
        call,
        name=f"{name}: call",
        next=looks.name,
        end=None,
        retry=(),
        catch=(),
        assign=None,
        output=None,
        result_path=None,
    )
    branch = asl.StateMachine(
        begins.name, (begins, looks, chooses, waits, asl.Succeed(f"{name}: in service", query_language=language), fails)
    )
    output = "{% $states.result[0] %}"
    if "result_path" in fields:
        output = kept_beside(fields["result_path"], "$states.result[0]") or output
    return asl.Parallel(
        name,
        branches=(branch,),
        output=fields.get("output") or output,
        assign=call.assign,
        retry=call.retry,
        catch=tuple(_jsonata(catch) for catch in call.catch),
        next=call.next,
        comment=call.comment,
        query_language=language,
    )


def _jsonata(catch: asl.Catch) -> asl.Catch:
    """A catcher of the Parallel, whose language is JSONata whatever the call's is."""
    if catch.result_path is None:
        return catch
    path = None if catch.result_path is asl.NULL else catch.result_path
    return replace(catch, result_path=None, output=kept_beside(path, "$states.errorOutput"))
