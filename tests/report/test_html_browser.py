"""The report in a real browser: quiet, inert, and it does what its buttons say. On CI it is an error to have none."""

import csv
import io
import re

import pytest
from browsing import requests, until
from measured import FORMULA, HOSTILE, LINES, SCRIPT

CSS = "css selector"


@pytest.fixture(scope="module")
def out(measured):
    return measured


@pytest.fixture
def page(opened, out):
    """The report, opened anew."""
    opened.get("about:blank")  # on a busy machine the page before may else be taken for the one to come
    opened.get((out / "report.html").as_uri())
    until(lambda: opened.find_elements(CSS, "footer"), 60)
    opened.get_log("browser")
    return opened


def rows(page, name: str) -> list[str]:
    """The exact values of a column of the rows that are shown, from top to bottom."""
    return page.execute_script(
        """const heads = [...document.querySelectorAll("#cohort thead th")];
        const at = heads.findIndex(h => h.dataset.name === arguments[0]);
        return [...document.querySelectorAll("#cohort tbody tr:not([hidden])")]
          .map(r => r.cells[at].dataset.v ?? r.cells[at].textContent.trim());""",
        name,
    )


def type_into(page, selector: str, words: str) -> None:
    page.find_element(CSS, selector).clear()
    page.find_element(CSS, selector).send_keys(words)


def test_nothing_is_fetched_and_nothing_complains(page, out):
    page.get_log("performance")
    page.refresh()
    for section in page.find_elements(CSS, ".slide"):
        page.execute_script("arguments[0].scrollIntoView()", section)
        until(lambda: page.execute_script("return [...document.images].every(i => i.complete || i.loading)"))
    assert requests(page) == [(out / "report.html").as_uri()]
    assert page.get_log("browser") == []
    drawn = "return [...document.images].filter(i => i.complete).every(i => i.naturalWidth > 40)"
    assert page.execute_script(drawn)


def test_names_of_slides_are_words_and_no_more(page):
    shown = {link.text for link in page.find_elements(CSS, "#cohort tbody th")}
    assert {" ".join(HOSTILE.split()), SCRIPT, FORMULA, "broken.tif"} <= shown
    assert LINES.encode("unicode_escape").decode() in shown
    assert page.title.startswith("Microvessel density")  # none of them has run
    assert page.execute_script("return document.scripts.length") == 1
    assert (
        page.execute_script("return document.querySelectorAll('[onerror], img:not([src^=data])').length") == 0
    )


def test_the_page_runs_no_script_but_its_own(page):
    page.execute_script(
        "const s = document.createElement('script'); s.textContent = 'document.title = 2'; document.body.append(s)"
    )
    page.execute_script(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=3\">')"
    )
    page.execute_script("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" id=p>p</p>')")
    complaints = until(lambda: page.get_log("browser"))
    assert all("Content Security Policy" in entry["message"] for entry in complaints)
    assert page.title.startswith("Microvessel density")
    assert "255" not in page.find_element(CSS, "#p").value_of_css_property("color")


def test_a_heading_sorts_and_says_so(page):
    head = page.find_element(CSS, "[data-name=mvd_tissue_per_mm2]")
    before = rows(page, "mvd_tissue_per_mm2")
    head.find_element(CSS, "button").click()
    rising = rows(page, "mvd_tissue_per_mm2")
    assert head.get_attribute("aria-sort") == "ascending"
    assert rising == [*sorted(filter(None, before), key=float), ""]  # the failed slide has none: at the end
    head.find_element(CSS, "button").send_keys("\n")
    assert head.get_attribute("aria-sort") == "descending"
    assert rows(page, "mvd_tissue_per_mm2") == [*rising[-2::-1], ""]
    page.find_element(CSS, "[data-name=slide] button").click()
    assert [e.get_attribute("aria-sort") for e in page.find_elements(CSS, "[aria-sort$=ending]")] == [
        "ascending"
    ]


def test_what_is_filtered_leaves_table_and_plot(page):
    type_into(page, "#search", "SCRIPT>")
    assert rows(page, "slide") == [SCRIPT]
    assert len(page.find_elements(CSS, "a.dot:not(.out)")) == 1
    assert page.find_element(CSS, "#rows").text == "1 of 6 slides"
    page.find_element(CSS, "#tools [type=reset]").click()
    assert len(rows(page, "slide")) == 6
    for status, left in (("failed", 1), ("empty", 1), ("ok", 4)):
        page.find_element(CSS, f"#status option[value={status}], #status option:nth-child(n+2)")
        page.execute_script(
            "const s = document.getElementById('status'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input', {bubbles: true}))",
            status,
        )
        assert rows(page, "status") == [status] * left
    page.find_element(CSS, "#tools [type=reset]").click()
    type_into(page, "#from", "1")
    type_into(page, "#to", "150")
    assert all(1 <= float(density) <= 150 for density in rows(page, "mvd_tissue_per_mm2"))
    assert 1 <= len(rows(page, "slide")) < 5


def test_columns_can_be_shown_and_the_table_downloaded(page, out):
    page.find_element(CSS, ".columns summary").click()
    page.find_element(CSS, "#columns [value=clark_evans]").click()
    page.find_element(CSS, "#columns [value=vessels]").click()
    assert page.find_element(CSS, "th[data-name=clark_evans]").is_displayed()
    assert not page.find_element(CSS, "th[data-name=vessels]").is_displayed()
    saved = page.folder / "mvd_table.csv"
    saved.unlink(missing_ok=True)
    page.find_element(CSS, "#download").click()
    until(saved.is_file)
    table = list(csv.DictReader(io.StringIO(saved.read_text(encoding="utf-8"), newline="")))
    stored = list(csv.DictReader(io.StringIO((out / "summary.csv").read_bytes().decode(), newline="")))
    assert "vessels" not in table[0]
    for name in set(table[0]) - {"look_first"}:
        assert [row[name] for row in table] == [row[name] for row in stored], name
    assert any(row["slide"].startswith("'=cmd") for row in table)


@pytest.mark.parametrize("may", [True, False], ids=["clipboard", "without its leave"])
def test_what_is_shown_is_copied_as_it_would_be_downloaded(page, may):
    rights = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.execute_cdp_cmd("Browser.grantPermissions", rights)
    if not may:  # as where a policy of the place forbids it: the old way has to do
        page.execute_script("Clipboard.prototype.writeText = () => Promise.reject(new Error('no'))")
    type_into(page, "#search", FORMULA[:4])
    page.find_element(CSS, "[data-name=slide] button").click()
    button = page.find_element(CSS, "#copy")
    button.click()
    until(lambda: button.text == "Copied")
    copied = page.execute_async_script(
        "const done = arguments[0]; navigator.clipboard.readText().then(done, e => done(String(e)))"
    )
    saved = page.folder / "mvd_table.csv"
    saved.unlink(missing_ok=True)
    page.find_element(CSS, "#download").click()
    until(saved.is_file)
    until(lambda: saved.read_bytes().decode().splitlines() == copied.splitlines())
    (row,) = csv.DictReader(io.StringIO(copied, newline=""))
    assert row["slide"] == f"'{FORMULA}"
    until(lambda: button.text == "Copy as CSV")


def test_a_dot_of_the_plot_tells_its_slide_and_leads_there(page):
    dot = page.find_elements(CSS, "a.dot")[1]
    page.execute_script("arguments[0].focus()", dot)
    assert page.find_element(CSS, "#strip-says").text == " ".join(dot.get_attribute("aria-label").split())
    dot.send_keys("\n")
    section = page.find_element(CSS, f"#slide-{dot.get_attribute('data-slide')}")
    until(lambda: 0 <= page.execute_script("return arguments[0].getBoundingClientRect().top", section) < 300)


def viewer(page):
    figure = page.find_elements(CSS, ".viewer")[0]
    page.execute_script("arguments[0].scrollIntoView()", figure)
    until(lambda: figure.find_elements(CSS, "svg.live"))
    return figure


def width(figure) -> float:
    """What is seen of the slide, half um."""
    return float(figure.find_element(CSS, "svg").get_dom_attribute("viewBox").split()[2])


def test_the_picture_zooms_by_button_and_key(page):
    figure = viewer(page)
    whole = width(figure)
    figure.find_element(CSS, "[data-do=in]").click()
    assert width(figure) == pytest.approx(whole / 1.5)
    stage = figure.find_element(CSS, ".stage")
    stage.send_keys("+")
    assert width(figure) == pytest.approx(whole / 2.25)
    before = figure.find_element(CSS, "svg").get_dom_attribute("viewBox")
    stage.send_keys("\ue014")  # arrow to the right
    assert figure.find_element(CSS, "svg").get_dom_attribute("viewBox") != before
    stage.send_keys("0")
    assert width(figure) == whole
    figure.find_element(CSS, "[data-do=go]").click()
    assert width(figure) < whole


def test_the_scale_bar_is_as_long_as_it_says(page):
    figure = viewer(page)
    for _ in range(3):
        length = figure.find_element(CSS, ".scale .length").rect["width"]
        number, unit = figure.find_element(CSS, ".scale text").text.split()
        um = float(number) * (1000 if unit == "mm" else 1)
        unit_um = page.execute_script(
            "return 1 / arguments[0].getScreenCTM().a / 2", figure.find_element(CSS, "svg")
        )
        assert length == pytest.approx(um / unit_um, abs=5)  # with its round casing
        figure.find_element(CSS, "[data-do=in]").click()


def test_outlines_lie_where_the_table_has_the_vessels_and_are_told(page, out):
    figure = viewer(page)
    told = [words.split(",") for words in figure.get_attribute("data-vessels").split(";")]
    boxes = page.execute_script(
        """const path = document.getElementById(arguments[0] + "-here").getAttribute("d");
        return path.split("z").filter(Boolean).map(d => {
          const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
          drawn.setAttribute("d", d);
          arguments[1].append(drawn);
          const box = drawn.getBBox();
          drawn.remove();
          return [box.x, box.y, box.x + box.width, box.y + box.height];
        })""",
        page.find_elements(CSS, ".slide:has(.viewer)")[0].get_attribute("id").removeprefix("slide-"),
        figure.find_element(CSS, "svg"),
    )
    counted = [(float(x), float(y)) for _, x, y, _, reason, _ in told if not reason]
    held = sum(any(b[0] <= x <= b[2] and b[1] <= y <= b[3] for b in boxes) for x, y in counted)
    assert held > 0.8 * len(counted) > 20  # the others lie in no hot spot shown
    page.execute_script(
        """const [x, y] = arguments[1], svg = arguments[0], p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
        svg.dispatchEvent(new PointerEvent("pointermove", {clientX: p.x, clientY: p.y, bubbles: true}))""",
        figure.find_element(CSS, "svg"),
        counted[5],
    )
    assert re.fullmatch(r"Vessel \d+: counted, \d+ µm² stained", figure.find_element(CSS, "output").text)


def test_every_hot_spot_is_seen_whole_with_its_rank_on_the_slide(page):
    """Where most of a field lies beside the slide, its picture ends with the slide; the field is shown all the same."""
    figure = viewer(page)
    x, y, width, height = map(float, figure.get_attribute("data-home").split())
    places = [
        (float(rank.get_dom_attribute("x")), float(rank.get_dom_attribute("y")))
        for rank in figure.find_elements(CSS, ".rank")
    ]
    assert len(places) >= 3
    assert all(x < left < x + width and y < top < y + height for left, top in places)
    cut = page.execute_script(
        """return [...document.querySelectorAll(".figures svg:has(.field)")].filter(svg => {
          const [x, y, w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
          const box = svg.querySelector(".field").getBBox();
          return box.x < x || box.y < y || box.x + box.width > x + w || box.y + box.height > y + h }).length"""
    )
    assert cut == 0


def test_a_layer_that_is_switched_off_is_not_seen(page):
    figure = viewer(page)
    seen = {figure.find_element(CSS, ".stage").screenshot_as_png}
    for layer in ("counted", "refused", "tissue", "spots"):
        figure.find_element(CSS, f"[data-layer={layer}]").click()
        seen.add(figure.find_element(CSS, ".stage").screenshot_as_png)
    assert len(seen) == 5


def test_what_is_drawn_is_said_too(page):
    without_words = r"""return [...document.querySelectorAll(`img:not([alt]), img[alt=''],
      svg[role=img]:not([aria-label]), input:not([aria-label])`)]
      .filter(e => e.tagName !== "INPUT" || !e.closest("label")).length"""
    assert page.execute_script(without_words) == 0
    assert page.execute_script("return document.querySelectorAll('th:not([scope])').length") == 0
    landmarks = page.execute_script(
        """const of = e => (e.getAttribute("aria-labelledby") ?? "").split(" ")
          .map(id => document.getElementById(id)?.textContent ?? "").join(" ") || e.getAttribute("aria-label");
        return [...document.querySelectorAll("main, header, footer, nav, section, [role=region], [role=search]")]
          .map(of).filter(Boolean)"""
    )
    assert len(landmarks) == len(set(landmarks)) > 6
    ids = page.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    wanted = page.execute_script(
        "return [...document.querySelectorAll('a[href^=\"#\"], use')].map(e => e.getAttribute('href').slice(1))"
    )
    assert set(wanted) <= set(ids)
    assert page.execute_script("return document.documentElement.lang") == "en"
    page.find_element(CSS, "body").send_keys("\t")
    assert page.switch_to.active_element.text == "Skip to the table"
