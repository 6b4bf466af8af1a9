"""The helper process of `generate.py`: reads a job from stdin, writes raw arrays to stdout.

Run by its path, it loads the drawing code under a name of its own: importing it as `kgen.data.toy`
would import kgen, and with it Keras and a framework, which takes longer than drawing 100 towns.
"""

import importlib
import json
import sys
import types
from pathlib import Path


def main() -> None:
    """Draws the scenes of one job; each is some arrays (of a town: photo, map, labels)."""
    package = types.ModuleType("kgen_toy")
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules[package.__name__] = package
    job = json.load(sys.stdin)
    draw = getattr(importlib.import_module(f"kgen_toy.{job['module']}"), job["function"])
    for index in job["indices"]:
        for array in draw(job["seed"], index, job["size"], **job["knobs"]):
            sys.stdout.buffer.write(array.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
