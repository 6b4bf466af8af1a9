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
    """Draws the towns of one job; three uint8 arrays each, aerial, street map and labels."""
    package = types.ModuleType("kgen_toy")
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules[package.__name__] = package
    make_pair = importlib.import_module("kgen_toy.maps").make_pair
    job = json.load(sys.stdin)
    for index in job["indices"]:
        for array in make_pair(job["seed"], index, job["size"], **job["knobs"]):
            sys.stdout.buffer.write(array.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
