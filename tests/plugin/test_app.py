"""The application in a real api-server, with real users: who gets what, and what is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from airflow_sfn_ml.deploy import execution_name

if TYPE_CHECKING:
    from tests.plugin.conftest import Tab

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def succeeded(tab: Tab) -> str:
    """The ARN of an execution that succeeded, with a secret in its input."""
    return tab.execute({"fail": False, "settings": {"a": {"b": {"c": {"d": {"password": "hunter2-is-old"}}}}}})


@pytest.fixture(scope="module")
def failed(tab: Tab) -> str:
    """The ARN of an execution that failed."""
    return tab.execute({"fail": True})


@pytest.mark.parametrize("path", ["page", "snapshot", "static/page.js"])
def test_nobody_gets_anything_without_logging_in(tab: Tab, path: str):
    answer = tab.get(path, user=None, dag_id="tab", run_id="any")
    assert answer.status_code == 401
    assert "script" not in answer.text


@pytest.mark.parametrize("path", ["page", "snapshot"])
def test_a_user_without_a_role_is_refused(tab: Tab, path: str):
    assert tab.get(path, user="nobody", dag_id="tab", run_id="any").status_code == 403


def test_a_refused_page_says_so_in_words(tab: Tab):
    answer = tab.get("page", user="nobody", dag_id="tab", run_id="any")
    assert "text/html" in answer.headers["content-type"]
    assert "You may not see this Dag run" in answer.text


@pytest.mark.parametrize("cookie", [True, False])
def test_a_viewer_gets_the_page_by_cookie_and_by_token(tab: Tab, cookie: bool):
    answer = tab.get("page", cookie=cookie, dag_id="tab", run_id="any")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert 'id="viewport"' in answer.text


@pytest.mark.parametrize("path", ["page", "snapshot"])
def test_another_teams_dag_is_refused_and_its_admin_sees_it(tab: Tab, succeeded: str, path: str):
    run_id = tab.run("other_team", succeeded)
    assert tab.get(path, dag_id="other_team", run_id=run_id).status_code == 403
    assert tab.get(path, user="admin", dag_id="other_team", run_id=run_id).status_code == 200


def test_naming_two_dags_does_not_get_around_the_check(tab: Tab, succeeded: str):
    run_id = tab.run("other_team", succeeded)
    for pair in (["tab", "other_team"], ["other_team", "tab"], ["~", "other_team"], ["other_team", "~"]):
        answer = tab.get("snapshot", dag_id=pair, run_id=run_id)
        assert answer.status_code == 403 or answer.json()["message"]["kind"] == "no-run"


def test_no_dag_is_not_every_dag(tab: Tab, succeeded: str):
    run_id = tab.run("other_team", succeeded)
    for dag_id in ("~", "", "%"):
        assert tab.snapshot(dag_id, run_id)["message"]["kind"] == "no-run"


def test_nothing_is_stored_and_nothing_comes_from_elsewhere(tab: Tab):
    for path in ("page", "snapshot", "static/page.css", "static/page.js", "static/picture.js", "static/icon.svg"):
        answer = tab.get(path, dag_id="tab", run_id="any")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", answer.text.replace("http://www.w3.org/2000/svg", "")) == []


def test_only_its_own_files_are_served(tab: Tab):
    for name in ("..%2Fapp.py", "page.html", "app.py"):
        answer = tab.get(f"static/{name}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json"


def test_a_snapshot_has_the_picture_and_every_state(tab: Tab, succeeded: str):
    shown = tab.snapshot("tab", tab.run("tab", succeeded))
    assert shown["execution"]["status"] == "SUCCEEDED"
    assert shown["svg"].count("data-state=") == 8
    statuses = {state["name"]: (state["status"], state["depth"]) for state in shown["states"]}
    assert statuses["look"] == ("succeeded", 0)
    assert statuses["one"] == ("succeeded", 2)
    assert statuses["stop"] == ("not_entered", 0)
    assert [group["label"] for group in shown["groups"]] == ["g"]


def test_a_state_is_told_in_full_when_it_is_asked_for(tab: Tab, failed: str):
    run_id = tab.run("tab", failed)
    assert tab.snapshot("tab", run_id)["selected"] is None
    stop = tab.snapshot("tab", run_id, state="stop")["selected"]
    assert (stop["type"], stop["status"], stop["error"]) == ("Fail", "failed", "Refused")
    assert "too bold" in stop["cause"]
    each = tab.snapshot("tab", run_id, state="each")["selected"]
    assert each["iterations"] == [{"status": "succeeded", "word": "succeeded", "count": 3}]
    assert each["parent"] == "both"


def test_the_tab_of_a_task_shows_its_state(tab: Tab, succeeded: str):
    shown = tab.snapshot("tab", tab.run("tab", succeeded), task_id="g.last", map_index="{MAP_INDEX}")
    assert (shown["focus"], shown["selected"]["name"]) == ("last", "last")
    assert shown["selected"]["task"]["task_id"] == "g.last"


def test_secrets_are_masked_however_deep_they_are(tab: Tab, succeeded: str, failed: str):
    told = tab.get("snapshot", dag_id="tab", run_id=tab.run("tab", succeeded), state="look").text
    assert "hunter2" not in told
    assert "***" in told
    told = tab.get("snapshot", dag_id="tab", run_id=tab.run("tab", failed), state="stop").text
    assert "k3y-in-a-cause" not in told
    assert "too bold" in told


def test_what_was_seen_is_not_sent_again(tab: Tab, succeeded: str):
    run_id = tab.run("tab", succeeded)
    first = tab.snapshot("tab", run_id)
    again = tab.snapshot("tab", run_id, seen=first["seen"], seen_arn=first["seen_arn"])
    assert again["unchanged"] is True
    assert "svg" not in again
    assert tab.snapshot("tab", run_id, seen=first["seen"] - 1, seen_arn=first["seen_arn"])["unchanged"] is False


def test_an_earlier_generation_can_be_looked_at(tab: Tab, failed: str):
    run_id = tab.run("tab")
    arns = [tab.execute({"fail": number == 0}, execution_name("tab", run_id, "g", -1, number)) for number in range(2)]
    entries = f"/dags/tab/dagRuns/{run_id}/taskInstances/g.start/xcomEntries"
    told = {"execution_arn": arns[1], "generation": 1}
    tab.stack.api.post(entries, {"key": "return_value", "value": told, "map_index": -1})
    now = tab.snapshot("tab", run_id)
    assert (now["generations"], now["generation"], now["execution"]["status"]) == ([0, 1], 1, "SUCCEEDED")
    before = tab.snapshot("tab", run_id, generation=0)
    assert (before["execution"]["arn"], before["execution"]["status"]) == (arns[0], "FAILED")


@pytest.mark.parametrize(
    ("dag_id", "task_id", "kind"),
    [("plain", "", "not-ours"), ("plain", "alone", "not-ours"), ("tab", "outside", "not-ours")],
)
def test_tasks_that_are_not_ours_get_a_sentence(tab: Tab, dag_id: str, task_id: str, kind: str):
    message = tab.snapshot(dag_id, tab.run(dag_id), task_id=task_id)["message"]
    assert message["kind"] == kind
    assert message["text"].endswith(".")


def test_a_run_without_execution_says_what_it_waits_for(tab: Tab):
    message = tab.snapshot("tab", tab.run("tab"))["message"]
    assert (message["kind"], message["task_id"], message["passing"]) == ("not-started", "g.start", True)


def test_an_execution_that_aws_has_forgotten_says_so(tab: Tab, succeeded: str):
    assert tab.snapshot("tab", tab.run("tab", f"{succeeded}x"))["message"]["kind"] == "gone"


def test_an_aws_that_does_not_answer_is_a_sentence(tab: Tab, succeeded: str):
    message = tab.snapshot("nowhere", tab.run("nowhere", succeeded))["message"]
    assert (message["kind"], message["passing"]) == ("unreachable", True)
    assert "nowhere" in message["text"]
