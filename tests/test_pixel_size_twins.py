"""A slide that states no pixel size, measured with the user's, is its twin that states it."""

import pytest
from click.testing import CliRunner
from faulty import MPP
from spoiled import rows, svs, tiff

from mvd.cli import cli


@pytest.mark.parametrize("kind", ["tif", "svs"])
def test_the_users_pixel_size_gives_the_bytes_of_the_tagged_twin(tmp_path, kind):
    """Only where the size came from differs, and the fingerprint of the settings, which name the size."""
    makers = {
        "tif": (tiff(compression="jpeg"), tiff(compression="jpeg", resolution=None, resolutionunit=None)),
        "svs": (svs(), svs("Left = 1")),
    }
    written = {}
    (tmp_path / "table.csv").write_text(f"slide,mpp\ncase.{kind},{MPP}\n")
    for name, make, words in (
        ("tagged", makers[kind][0], []),
        ("flag", makers[kind][1], ["--mpp", MPP]),
        ("table", makers[kind][1], ["--mpp-table", tmp_path / "table.csv"]),
    ):
        (tmp_path / name).mkdir()
        make(tmp_path / name / f"case.{kind}")
        where = ["run", tmp_path / name, "--out", tmp_path / name / "out", *words]
        assert CliRunner().invoke(cli, [str(word) for word in where]).exit_code == 0
        written[name] = tmp_path / name / "out"
    for tables in zip(*(sorted(out.rglob("*.csv")) for out in written.values()), strict=True):
        contents = [rows(table) if table.name == "summary.csv" else table.read_bytes() for table in tables]
        if tables[0].name == "summary.csv":
            sources = [row.pop("mpp_source") for (row,) in contents]
            assert sources == [{"tif": "tiff", "svs": "aperio"}[kind], "user", "user"]
            assert all(row.pop("settings_fingerprint") for (row,) in contents)
            assert int(contents[0][0]["vessels"]) > 0
        assert contents[0] == contents[1] == contents[2]
