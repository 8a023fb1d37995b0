"""The report on paper: as the eye wants it, whatever the screen was; what is for clicking is left out."""

import re
from functools import partial

import pytest
from browsing import until
from measured import record_of

from mvd.errors import MissingDependency
from mvd.report.html import write_for_print
from mvd.report.pdf import print_pdf

CSS = "css selector"
PAPER_PX = 718  # A4 less its margins


@pytest.fixture
def page(opened, measured):
    """The report as it goes to paper, of one who likes it dark."""
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": features})
    size = {"width": PAPER_PX, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    opened.get("about:blank")
    opened.get((measured / "report.html").as_uri())
    until(lambda: opened.find_elements(CSS, "footer"), 60)
    opened.execute_script(
        "dispatchEvent(new Event('beforeprint')); [...document.images].forEach(i => i.loading = 'eager')"
    )
    until(lambda: opened.execute_script("return [...document.images].every(i => i.complete)"))
    return opened


def test_pictures_keep_their_shape(page):
    shapes = page.execute_script(
        "return [...document.images].map(i => [i.clientWidth / i.clientHeight, i.naturalWidth / i.naturalHeight])"
    )
    assert len(shapes) > 6
    for shown, own in shapes:
        assert shown == pytest.approx(own, rel=0.03)


def test_paper_is_white_and_nothing_is_to_be_clicked(page):
    body = page.find_element(CSS, "body")
    assert body.value_of_css_property("background-color") in ("rgb(255, 255, 255)", "rgba(255, 255, 255, 1)")
    assert body.value_of_css_property("color") in ("rgb(0, 0, 0)", "rgba(0, 0, 0, 1)")
    for selector in (".tools", ".viewer .bar", ".skip", ".files"):
        assert not [e for e in page.find_elements(CSS, selector) if e.is_displayed()], selector


def test_all_is_open_and_nothing_runs_off_the_page(page):
    assert page.execute_script("return document.querySelectorAll('.numbers:not([open])').length") == 0
    assert page.execute_script("return document.documentElement.scrollWidth") <= PAPER_PX
    hidden = page.execute_script(
        """return [...document.querySelectorAll(".across, .scroll, .look > ul")]
          .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).length"""
    )
    assert hidden == 0


def test_a_slide_takes_two_pages_and_a_failed_one_a_few_lines(measured, tmp_path, opened):
    print_pdf(partial(write_for_print, measured, record_of(measured)), tmp_path / "report.pdf")
    pages = len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "report.pdf").read_bytes()))
    # Five slides that were measured; before them the tables, after them the settings.
    assert pages <= 5 * 2 + 3 + 4


def test_a_pdf_is_printed(measured, tmp_path, chromium):
    print_pdf(partial(write_for_print, measured, record_of(measured)), tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 6
    assert len(content) < 3 * (measured / "report.html").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_without_a_browser_one_line_says_what_to_do(measured, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="Chromium") as raised:
        print_pdf(partial(write_for_print, measured, record_of(measured)), tmp_path / "report.pdf")
    assert "\n" not in str(raised.value)
