"""Take the screenshots of Airflow's pages that the docs show.

Start ``python3 run.py demo --ui``, then run this with the address, user and password that it prints, and Debian's
``chromium`` and PyPI's ``playwright`` installed:

    python docs/images/screenshots.py http://127.0.0.1:PORT admin PASSWORD
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main(url: str, user: str, password: str) -> None:
    """Log in, open the Grid of the example, save its picture beside this file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1360, "height": 640}, color_scheme="light")
        page.goto(url)
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url("**/")
        page.goto(f"{url}/dags/census_income")
        page.wait_for_selector("text=upload", timeout=60_000)
        expand = page.get_by_label("Expand all task groups")
        if expand.count():
            expand.first.click()
        page.wait_for_selector("text=preprocess", timeout=60_000)
        divider = page.locator("[data-panel-resize-handle-id]").first.bounding_box()
        if divider:
            x, y = divider["x"] + divider["width"] / 2, divider["y"] + 500
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + 110, y, steps=5)
            page.mouse.up()
        page.wait_for_timeout(3000)
        page.screenshot(path=Path(__file__).with_name("grid.png"))
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
