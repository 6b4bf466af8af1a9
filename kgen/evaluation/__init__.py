"""Numbers, a table and a report of what a model generates; several runs side by side.

`kgen.evaluate` measures a model on pairs, or a folder of pictures against another, and leaves
`metrics.json`, `per_image.csv` and `report.html`, one file that explains itself. `kgen.compare`
puts several evaluations into one table.
"""

from kgen.evaluation.catalogue import known_names
from kgen.evaluation.compare import Comparison, compare
from kgen.evaluation.result import EvaluationResult, read_result
from kgen.evaluation.run import evaluate

__all__ = [
    "Comparison",
    "EvaluationResult",
    "compare",
    "evaluate",
    "known_names",
    "read_result",
]
