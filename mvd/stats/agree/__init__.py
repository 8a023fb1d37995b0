"""Agreement of readers, or of mvd with readers, on the same slides or fields, or point by point.

``sources``, ``readings`` and ``points`` read; ``icc``, ``pair``, ``variation``, ``highlow``, ``choosing`` and
``matching`` are the measures, on arrays; ``compared``, ``found`` and ``repeated`` make findings of them;
``study`` puts the questions, ``write`` puts down the answers.
"""

from mvd.stats.agree.study import Agreement, study_agreement
from mvd.stats.agree.write import agreement_csv, write_agreement

__all__ = ["Agreement", "agreement_csv", "study_agreement", "write_agreement"]
