"""The benchmark of the classifier runs, so that it cannot rot, and its figures are of the right order."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def test_the_classifier_is_put_beside_the_thresholds():
    command = [sys.executable, str(BENCHMARKS / "classifier.py"), "--quick"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in answer.stdout.splitlines()]
    scores = {(row[0], row[1]): row[2:] for row in rows if len(row) == 9 and row[2][:1].isdigit()}
    assert {method for _, method in scores} == {"threshold", "classifier"}
    assert float(scores["clean", "classifier"][2]) > 0.8
    for difficulty in ("clean", "typical", "hard"):
        assert float(scores[difficulty, "classifier"][-1]) > 1
