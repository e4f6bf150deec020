"""The state-machine tab in a real browser, in Airflow's own UI, on a real Dag run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
INSTALLED = any(point.value.startswith("airflow_sfn_ml.") for point in entry_points(group="airflow.plugins"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
    pytest.mark.skipif(not INSTALLED, reason="the project is not installed, so Airflow does not find its plugin"),
]

SECONDS = 1000


class Browser:
    """A page of a browser that is logged in to Airflow, and what it asked for and complained about."""

    def __init__(self, page: Any, stack: Any) -> None:
        self.page = page
        self.stack = stack
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        # data: and blob: addresses, of which Airflow's own page has some, have no host
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc or urlsplit(stack.url).netloc))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: "Content Security" in message.text and self.complaints.append(message.text))

    def open(self, dag_id: str, run_id: str, task_id: str = "") -> Any:
        """Open the tab of a Dag run, or of a task of it, and return its frame."""
        where = f"{self.stack.url}/dags/{dag_id}/runs/{quote(run_id, safe='')}"
        where += f"/tasks/{task_id}/plugin/state-machine-of-task" if task_id else "/plugin/state-machine-of-run"
        self.page.goto(where)
        return self.page.frame_locator('iframe[title="State machine"]')


@pytest.fixture
def browser(airflow_stack: Any) -> Iterator[Browser]:
    """The machine's chromium, with a user of Airflow's."""
    from playwright.sync_api import sync_playwright

    login = {"username": airflow_stack.username, "password": airflow_stack.password}
    answer = httpx.post(f"{airflow_stack.url}/auth/token", json=login, timeout=60, trust_env=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = chromium.new_context(viewport={"width": 1400, "height": 900}, color_scheme="dark")
        context.set_default_timeout(60 * SECONDS)
        context.add_cookies([{"name": "_token", "value": answer.json()["access_token"], "url": airflow_stack.url}])
        try:
            yield Browser(context.new_page(), airflow_stack)
        finally:
            chromium.close()


def test_the_tab_follows_a_run_to_its_end(airflow_stack: Any, browser: Browser):
    run_id = airflow_stack.trigger("broken")
    tab = browser.open("broken", run_id)
    state = tab.locator("#viewport [data-state='prepare']")
    state.and_(tab.locator("[data-status='succeeded']")).wait_for()
    failed = tab.locator("#viewport [data-state='fit'][data-status='failed']")
    failed.wait_for()  # without reloading the page
    tab.locator("#status", has_text="failed").wait_for()

    failed.locator(".name").first.click()
    detail = tab.locator("#detail")
    detail.locator("h2", has_text="fit").wait_for()
    assert "no such column: income" in detail.inner_text()  # from the job's log
    assert detail.locator("tbody tr").count() == 2  # one retry

    assert tab.locator("html.dark").count() == 1  # as Airflow's page around it
    detail.locator("a", has_text="g.fit").click()
    browser.page.wait_for_url("**/tasks/g.fit")
    assert airflow_stack.wait("broken", run_id) == "failed"
    assert browser.hosts == {urlsplit(airflow_stack.url).netloc}
    assert browser.complaints == []


def test_the_tab_can_be_used_with_the_keyboard_alone(airflow_stack: Any, browser: Browser):
    run_id = airflow_stack.trigger("written")
    assert airflow_stack.wait("written", run_id) == "success"
    tab = browser.open("written", run_id, "g.start")
    tab.locator("#viewport [data-state='risky'][data-status='caught']").wait_for()
    tab.locator("#viewport").focus()
    before = tab.locator("#viewport svg").get_attribute("viewBox")
    browser.page.keyboard.press("+")
    browser.page.keyboard.press("ArrowDown")
    assert tab.locator("#viewport svg").get_attribute("viewBox") != before
    browser.page.keyboard.press("Tab")
    browser.page.keyboard.press("Enter")
    chosen = tab.locator("#viewport [data-selected]")
    chosen.wait_for()
    tab.locator("#detail h2", has_text=str(chosen.get_attribute("data-state"))).wait_for()
    browser.page.keyboard.press("Escape")
    tab.locator("#list").wait_for()
    tab.locator("#filter").fill("mend")
    assert tab.locator("#list li").count() == 1


def test_a_task_of_another_kind_gets_a_sentence(airflow_stack: Any, browser: Browser):
    run_id = airflow_stack.trigger("shapes")
    tab = browser.open("shapes", run_id, "config")
    tab.locator("#note", has_text="This task does not run in a state machine").wait_for()
