import pytest
from napari_mvd.form import SettingsForm
from qtpy.QtWidgets import QAbstractSpinBox

import mvd


@pytest.fixture
def form(qapp):
    made = SettingsForm()
    yield made
    made.deleteLater()


def test_an_untouched_form_keeps_the_fingerprint(form):
    assert form.settings().fingerprint == mvd.Settings().fingerprint


def test_numbers_are_neither_rounded_nor_cut(form):
    given = {
        "vessel": {"min_area_um2": 12345.678901234, "low_spreads": 1 / 3},
        "slide": {"mpp": 0.2527123456},
    }
    settings = mvd.Settings.from_mapping(given)
    form.show_settings(settings)
    assert form.touched == {}
    assert form.settings().fingerprint == settings.fingerprint
    form.put({"hotspot": {"count": 3}})
    assert form.settings().vessel == settings.vessel
    assert form.settings().slide == settings.slide


def test_only_what_was_touched_changes(form):
    told = []
    form.changed.connect(lambda: told.append(1))
    wanted = {
        "vessel": {"min_area_um2": 1234.5, "cut_by_edge": "two_sides"},
        "hotspot": {"ladder": False, "count": 5},
        "stain": {"white_point": (240, 241, 242)},
    }
    form.put(wanted)
    assert form.touched == wanted
    assert form.settings() == mvd.Settings.from_mapping(wanted)
    assert told
    form.take_back()
    assert form.settings().fingerprint == mvd.Settings().fingerprint


def test_every_setting_has_a_box_and_its_meaning(form):
    for field in mvd.form_fields():
        box = form._boxes[field.section, field.name]
        assert box.widget.toolTip() == field.meaning
        assert box.value() == getattr(getattr(mvd.Settings(), field.section), field.name)


def test_values_that_do_not_fit_are_told_in_one_line(form):
    form.put({"vessel": {"min_low_od": 1.5}})
    with pytest.raises(mvd.MvdError, match="min_low_od"):
        form.settings()
    form.take_back()
    form.put({"slide": {"mpp": "half"}})
    with pytest.raises(mvd.MvdError, match=r"slide\.mpp"):
        form.settings()


def test_every_setting_with_a_unit_shows_it(form):
    with_unit = [field for field in mvd.form_fields() if field.unit]
    assert len(with_unit) > 20
    for field in with_unit:
        widget = form._boxes[field.section, field.name].widget
        shown = widget.suffix() if isinstance(widget, QAbstractSpinBox) else widget.placeholderText()
        assert field.unit in shown or field.unit in field.meaning, field
