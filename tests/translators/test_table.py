"""What a row of the table becomes."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator

from airflow_sfn_ml.asl import Retry
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.translators import registry, table
from airflow_sfn_ml.translators.naming import token, unique, unique_of
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr
from tests.translators.machines import beside, checked, group_of

PATH = f"{__name__}.Thing"


class Colour(Enum):
    RED = "red"


class Thing(BaseOperator):
    """An operator with any attributes."""

    template_fields = ("name",)

    def __init__(self, name: Any = "n", wait_for_completion: Any = False, given: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name, self.wait_for_completion = name, wait_for_completion
        self.given = given
        for key, value in (given or {}).items() if isinstance(given, dict) else ():
            setattr(self, key, value)


@pytest.fixture(autouse=True)
def _own_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_TRANSLATORS", dict(registry._TRANSLATORS))
    monkeypatch.setattr(table, "ROWS", dict(table.ROWS))


def state(row: Row, **arguments: Any) -> dict[str, Any]:
    add(row)
    return dict(checked(group_of(lambda: Thing(task_id="t", **arguments)))["States"]["t"])


def states(row: Row, **arguments: Any) -> dict[str, Any]:
    branch = state(row, **arguments)["Branches"][0]
    return {name.removeprefix("t: "): inner for name, inner in branch["States"].items()}


def refused(row: Row, **arguments: Any) -> str:
    add(row)
    group = group_of(lambda: Thing(task_id="t", **arguments))
    with pytest.raises(CompileError) as caught:
        group.compiled()
    return str(caught.value)


CRAWL = Call("aws-sdk:glue:startCrawler", {"Name": attr("name")})
LOOK = Until(
    Call("aws-sdk:glue:getCrawler", {"Name": attr("name")}), "$p_seen.Crawler.State", ("READY",), every="delay"
)


def test_one_call_is_one_state():
    made = state(Row(PATH, (CRAWL,), output="$states.result.X", xcom="x"))
    assert (made["Type"], made["Resource"]) == ("Task", "arn:aws:states:::aws-sdk:glue:startCrawler")
    assert (made["Arguments"], made["Output"]) == ({"Name": "n"}, "{% $states.result.X %}")


def test_sync_is_added_while_the_task_waits():
    job = Call("glue:startJobRun", {"JobName": attr("name")}, sync=True)
    row = Row(PATH, (job,), output="$states.result.Id", quick="$states.result.JobRunId")
    waiting = state(row, wait_for_completion=True)
    assert (waiting["Resource"], waiting["Output"]) == (
        "arn:aws:states:::glue:startJobRun.sync",
        "{% $states.result.Id %}",
    )
    quick = state(row)
    assert (quick["Resource"], quick["Output"]) == (
        "arn:aws:states:::glue:startJobRun",
        "{% $states.result.JobRunId %}",
    )


def test_a_loop_is_left_out_where_the_task_does_not_wait():
    row = Row(PATH, (CRAWL,), until=LOOK, output=Code((Given(attr("name")),)))
    assert list(states(row, wait_for_completion=True, given={"delay": 7})) == [
        "startCrawler", "look", "judge", "wait", "done",
    ]  # fmt: skip
    assert state(row, given={"delay": 7})["Output"] == "{% 'n' %}"


def test_a_row_whose_attributes_the_operator_lacks_waits():
    row = Row(PATH, (CRAWL,), until=LOOK, waits=("deferrable",))
    assert "look" in states(row, given={"delay": 7})


def test_the_shorter_of_time_and_number_of_looks_is_the_limit():
    until = Until(LOOK.look, LOOK.status, LOOK.done, every="delay", attempts="count", seconds="limit")
    row = Row(PATH, (CRAWL,), until=until, waits=())
    by_count = states(row, given={"delay": 5, "count": 10, "limit": timedelta(hours=1)})
    assert "> 50" in by_count["judge"]["Choices"][1]["Condition"]
    by_time = states(row, given={"delay": 5, "count": 10, "limit": timedelta(seconds=30)})
    assert "> 30" in by_time["judge"]["Choices"][1]["Condition"]
    assert "late" not in states(row, given={"delay": 5})


def test_numbers_that_are_templates_are_refused():
    assert "delay must be a number inside of a state machine, not '{{ x }}'" in refused(
        Row(PATH, (CRAWL,), until=LOOK, waits=()), given={"delay": "{{ x }}"}
    )


def test_what_was_kept_is_known_to_all_that_follows_and_to_the_last_call_itself():
    call = Call("glue:startJobRun", {"JobName": attr("name")}, keep={"p_id": "$states.result.JobRunId"})
    assert state(Row(PATH, (call,), output="$p_id"))["Output"] == "{% $states.result.JobRunId %}"
    then = Call("aws-sdk:glue:getJobRun", {"JobName": attr("name"), "RunId": Code(("$p_id",))})
    made = states(Row(PATH, (call,), then=(then,), output={"Id": Code(("$p_id",)), "Run": Code(("$states.result",))}))
    assert made["getJobRun"]["Arguments"]["RunId"] == "{% $p_id %}"
    assert made["getJobRun"]["Output"] == {"Id": "{% $p_id %}", "Run": "{% $states.result %}"}


def test_absent_values_are_left_out_and_enumerations_are_their_values():
    call = Call(
        "aws-sdk:glue:createDatabase",
        {"DatabaseInput": {"Name": attr("name"), "Description": attr("about"), "LocationUri": lambda op: OMIT}},
    )
    assert state(Row(PATH, (call,)))["Arguments"] == {"DatabaseInput": {"Name": "n"}}
    assert state(Row(PATH, (call,)), given={"about": Colour.RED})["Arguments"]["DatabaseInput"]["Description"] == "red"
    with_default = Call("aws-sdk:glue:startCrawler", {"Name": attr("nothing", default="fallback")})
    assert state(Row(PATH, (with_default,)))["Arguments"] == {"Name": "fallback"}


def test_only_template_fields_are_templates():
    call = Call("aws-sdk:glue:createDatabase", {"DatabaseInput": {"Name": attr("name"), "Parameters": attr("more")}})
    made = state(Row(PATH, (call,)), name="{{ ds }}", given={"more": {"a": "{{ b }}", "c": "{% d"}})
    assert made["Arguments"]["DatabaseInput"] == {
        "Name": "{% $states.context.Execution.Input.values.t.`/createDatabase/arguments/DatabaseInput/Name` %}",
        "Parameters": {"a": "{{ b }}", "c": "{% '{% d' %}"},
    }


def test_further_fields_are_merged_over_the_others_now_or_by_the_machine():
    call = Call("aws-sdk:glue:startCrawler", {"Name": attr("name")}, more="given")
    add(Row(PATH, (call,)))
    assert checked(group_of(lambda: Thing(task_id="t", given={"Name": "m"})))["States"]["t"]["Arguments"] == {
        "Name": "m"
    }
    made = checked(beside(lambda more: Thing(task_id="t", given=more)))["States"]["t"]["Arguments"]
    assert made.startswith("{% $merge([{'Name': 'n'}, $states.context.Execution.Input.values.t.")


def test_boto3s_spelling_becomes_step_functions():
    call = Call("batch:submitJob", {"JobName": "j", "JobQueue": "q", "JobDefinition": "d"}, more="given")
    overrides = {"containerOverrides": {"command": ["x"], "environment": [{"name": "lower", "value": "v"}]}}
    made = state(Row(PATH, (call,)), given=overrides)["Arguments"]
    assert made["ContainerOverrides"] == {"Command": ["x"], "Environment": [{"Name": "lower", "Value": "v"}]}


def test_calls_may_depend_on_the_operator_and_have_retriers():
    never = Call("aws-sdk:glue:stopCrawler", {"Name": attr("name")}, when=lambda op: False)
    own = Call("aws-sdk:glue:startCrawler", {"Name": attr("name")}, retry=(Retry(error_equals=("Glue.X",)),))
    made = state(Row(PATH, (never, own)))
    assert made["Resource"].endswith("startCrawler")
    assert made["Retry"][0] == {"ErrorEquals": ["Glue.X"]}


def test_errors_that_mean_that_all_is_well():
    made = states(
        Row(PATH, (Call("aws-sdk:glue:deleteCrawler", {"Name": attr("name")}, tolerates="NotFound|gone/away"),))
    )
    assert list(made) == ["deleteCrawler", "deleteCrawler: refused", "deleteCrawler: refused: not", "done"]
    assert "/NotFound|gone\\/away/i" in made["deleteCrawler: refused"]["Choices"][0]["Condition"]


def test_what_cannot_be_kept_is_refused_all_at_once():
    row = Row(
        PATH, (CRAWL,), refused={"size": "ask for it elsewhere"}, check=lambda op: ["colour (there is only grey)"]
    )
    told = refused(row, given={"size": 3})
    assert "g.t: cannot do in a state machine: size (ask for it elsewhere); colour (there is only grey)" in told


def test_a_call_that_there_is_not_is_told():
    assert "glue has no operation 'StartCrawlerz', did you mean 'StartCrawler'?" in refused_call(
        "aws-sdk:glue:startCrawlerz"
    )
    assert "Step Functions has no integration 'glue:nothing'" in refused_call("glue:nothing")


def refused_call(resource: str) -> str:
    return refused(Row(PATH, (Call(resource, {}),)))


# Names


def told(code: Code) -> str:
    return "".join(part if isinstance(part, str) else repr(part.value) for part in code.parts)


def test_a_name_has_room_for_what_makes_it_new():
    with DAG("d"):
        name = unique("census income {{ ds }}", "t", 32)
    assert "Preparation" in told(name)
    source = unique_of("$c.Name", "fallback", 32)
    assert source.startswith(
        "$substring($replace(($exists($c.Name) ? $c.Name : 'fallback'), /[^A-Za-z0-9]+/, '-'), 0, 9)"
    )


def test_a_token_changes_with_each_try():
    text = told(token(36))
    assert text.endswith(", 'SHA-256'), 0, 36)")
    for part in ("EnteredTime", "RedriveCount", "RetryCount"):
        assert part in text
