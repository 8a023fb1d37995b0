"""Who sees little, or has no mouse: contrast by WCAG 2.1 AA in light and dark, the way of Tab, what is said."""

import itertools

import pytest
from browsing import until

CSS = "css selector"
TEXT, GRAPHIC = 4.5, 3.0

MEASURE = r"""
const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
const parse = (words) => {
  const n = (words.match(/[\d.]+/g) ?? []).map(Number);
  return words.startsWith("rgb") ? [n[0], n[1], n[2], n[3] ?? 1] : null;
};
const over = (top, under) => under.map((v, i) => top[i] * top[3] + v * (1 - top[3]));
// Colours lie on each other from the page's own upwards.
const ground = (element) => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour && colour[3]) layers.push(colour);
    if (colour && colour[3] === 1) break;
  }
  return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
};
const faded = (element) => {
  let part = 1;
  for (let e = element; e; e = e.parentElement) part *= Number(getComputedStyle(e).opacity);
  return part;
};
const seen = (element) => element.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true })
  && element.getClientRects().length > 0;
const against = (element, words, behind) => {
  const colour = parse(words);
  if (!colour) return null;
  colour[3] *= faded(element);
  return ratio(over(colour, behind), behind);
};
const say = (element, what) => `${what} of ${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`
  + ` ${(element.textContent ?? "").trim().slice(0, 30)}`;
"""
OF_TEXT = (
    MEASURE
    + r"""
const found = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; (node = walk.nextNode());) {
  const e = node.parentElement;
  if (!node.data.trim() || ["SCRIPT", "STYLE", "TITLE", "OPTION"].includes(e.tagName) || !seen(e)) continue;
  const style = getComputedStyle(e);
  if (e.closest("svg")) {
    // Letters on a picture have a dark casing round them, whatever the picture is.
    const casing = style.paintOrder.startsWith("stroke") ? parse(style.stroke) : null;
    found.push([against(e, style.fill, casing ? casing.slice(0, 3) : ground(e)), say(e, "text")]);
  } else {
    found.push([against(e, style.color, ground(e)), say(e, "text")]);
  }
}
return found;
"""
)
OF_GRAPHICS = (
    MEASURE
    + r"""
const found = [];
const add = (selector, property) => document.querySelectorAll(selector).forEach((e) => {
  if (seen(e)) found.push([against(e, getComputedStyle(e)[property], ground(e.parentElement)), say(e, property)]);
});
add(".strip .mark, .legend .mark, .plot rect", "fill");
add(".strip .axis, .strip .whisker, .strip .median, .plot .axis", "stroke");
add("input, select, .columns summary", "borderTopColor");
add(".tag", "borderTopColor");
// Lines on a picture: the colour against its own casing, and that against pale tissue.
const cased = ".stage .of-tissue .tissue, .stage .spot, .slide .scale .length";
document.querySelectorAll(cased).forEach((e) => {
  found.push([against(e, getComputedStyle(e).stroke, [20, 20, 20]), say(e, "stroke")]);
});
document.querySelectorAll(".slide .case").forEach((e) => {
  found.push([against(e, getComputedStyle(e).stroke, [205, 195, 220]), say(e, "casing")]);
});
return found;
"""
)


@pytest.fixture(params=["light", "dark"])
def page(opened, measured, request):
    """The report as the eye sees it: every section drawn and opened, in light or dark mode."""
    media = {"features": [{"name": "prefers-color-scheme", "value": request.param}]}
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    show(opened, measured)
    opened.execute_script(
        "document.querySelectorAll('.slide').forEach(s => s.style.contentVisibility = 'visible');"
        "document.querySelectorAll('details').forEach(d => d.open = true)"
    )
    return opened


def show(driver, out, width: int = 1400) -> None:
    """Open the report anew in a window of some width."""
    metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.get("about:blank")
    driver.get((out / "report.html").as_uri())
    until(lambda: driver.find_elements(CSS, "footer"), 60)


def too_faint(found: list, least: float) -> set[str]:
    assert len(found) > 20
    return {f"{ratio:.2f}: {words}" for ratio, words in found if ratio is not None and ratio < least}


def test_all_text_stands_out(page):
    found = page.execute_script(OF_TEXT)
    assert len(found) > 400
    assert too_faint(found, TEXT) == set()


def test_all_marks_and_boxes_stand_out(page):
    assert too_faint(page.execute_script(OF_GRAPHICS), GRAPHIC) == set()


def test_the_measure_sees_what_is_faint(page):
    page.execute_script(
        "const sheet = document.styleSheets[0]; sheet.insertRule('.lead { color: #8889 }', sheet.cssRules.length);"
        "sheet.insertRule('.strip .mark { opacity: .2 }', sheet.cssRules.length)"
    )
    faint = {words[6:] for words in too_faint(page.execute_script(OF_TEXT), TEXT)}
    assert {words.split()[2] for words in faint} == {"p.lead", "strong."}
    faint = too_faint(page.execute_script(OF_GRAPHICS), GRAPHIC)
    assert {words.split()[1] for words in faint} == {"fill"}


WHERE = r"""
const e = document.activeElement, style = getComputedStyle(e), dot = e.closest("a.dot");
const mark = dot && getComputedStyle(dot.querySelector(".mark"));
const box = (dot ? dot.querySelector(".mark") : e).getBoundingClientRect();
const kind = dot ? "dot" : e.closest("#columns") ? "a column" : e.closest("#tools") ? `tools ${e.id || e.tagName}`
  : e.closest("thead") ? "heading" : e.closest("tbody") ? "row" : e.closest(".viewer .bar") ? "viewer button"
  : e.closest(".stage") ? "stage" : e.closest(".look") ? "look" : e.closest(".skip") ? "skip" : e.tagName;
return { kind, name: e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent,
  ring: mark ? mark.strokeWidth === "3px" : style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  onScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth };
"""
WAY = (
    *("skip", "look", "dot", "tools search", "tools status", "tools from", "tools to", "tools BUTTON"),
    *(
        "tools SUMMARY",
        "a column",
        "tools copy",
        "tools download",
        "heading",
        "row",
        "viewer button",
        "stage",
    ),
)


@pytest.mark.parametrize("width", [1400, 420])
def test_tab_reaches_everything_and_what_has_the_focus_is_seen(opened, measured, width):
    show(opened, measured, width)
    opened.execute_script("document.querySelector('.columns').open = true")
    stops = []
    for _ in range(300):
        opened.switch_to.active_element.send_keys("\t")
        stops.append(opened.execute_script(WHERE))
        if stops[-1]["kind"] == "stage":
            break
    kinds = [stop["kind"] for stop in stops]
    assert [kind for kind in dict.fromkeys(kinds) if kind in WAY] == list(WAY)
    assert [stop for stop in stops if not stop["ring"]] == []
    assert [stop for stop in stops if not stop["onScreen"]] == []
    assert [stop for stop in stops if not stop["name"].strip()] == []
    assert kinds.count("dot") == 5  # and one that failed


def test_the_list_of_columns_goes_as_menus_go(opened, measured):
    show(opened, measured)
    summary = opened.find_element(CSS, ".columns summary")
    is_open = "return document.querySelector('.columns').open"
    summary.send_keys("\n")
    assert opened.execute_script(is_open)
    opened.find_element(CSS, "#columns [value=clark_evans]").send_keys(" ", "\ue00c")  # space, Escape
    assert opened.find_element(CSS, "th[data-name=clark_evans]").is_displayed()
    assert not opened.execute_script(is_open)
    assert opened.switch_to.active_element == summary
    summary.click()
    opened.find_element(CSS, "#table-title").click()
    assert not opened.execute_script(is_open)


def test_a_screen_reader_finds_its_way(opened, measured):
    show(opened, measured)
    tree = opened.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in tree if not n["ignored"]]
    names = {role: [name for of, name in nodes if of == role] for role, _ in nodes}
    assert (
        len(names["main"]) == len(names["search"]) == len(names["banner"]) == len(names["contentinfo"]) == 1
    )
    assert len(names["article"]) == 6  # slides are no landmarks: of hundreds, none would be found
    assert all(names["article"])
    assert len(names["region"]) < 10
    sorts = opened.execute_script(
        "return [...document.querySelectorAll('#cohort thead th')].map(h => h.getAttribute('aria-sort'))"
    )
    assert set(sorts) == {"none"}
    shown = opened.execute_script(
        "return [...document.querySelectorAll('#cohort thead th')].filter(h => h.offsetWidth).length"
    )
    assert len([name for name in names["columnheader"] if name]) >= shown
    for role in ("link", "button", "checkbox", "searchbox", "spinbutton", "combobox", "image"):
        assert all(name.strip() for name in names[role]), role
    levels = opened.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("width", [1400, 420])
def test_nothing_sticks_out_and_letters_can_be_read(opened, measured, width):
    show(opened, measured, width)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    smallest = opened.execute_script(
        "return Math.min(...[...document.querySelectorAll('.strip text, .plot text')]"
        ".filter(t => t.getClientRects().length)"
        ".map(t => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a))"
    )
    assert smallest >= 8
