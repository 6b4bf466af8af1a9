"""What keeps kgen installable and its parts apart: metadata, imports, the files at the top."""

import ast
import configparser
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import keras
import pytest

import kgen

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "kgen"
FRAMEWORKS = ("tensorflow", "jax", "torch")
# Modules that may speak to a framework itself.
FRAMEWORK_MODULES = re.compile(r"kgen\.(backend|export\w*)")
TOP_LEVEL = {
    *("setup.cfg", "pyproject.toml", "README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"),
    *("kgen", "tests", "tools", "tutorials", "saved_models"),
}
SYSTEMS = (
    *("pix2pix", "attribute_gan", "cross_view", "stylegan2", "latent_refiner", "semi_parametric"),
)
# Two of these, and what builds upon both.
ALLOWED_BETWEEN_SYSTEMS = {("latent_refiner", "stylegan2")}
SHARED = ("layers", "networks", "losses", "metrics", "data", "callbacks")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    """Full names of all modules that a file imports, inside of functions too."""
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, *filter(None, [node.module])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


SOURCES = sorted(PACKAGE.rglob("*.py"))
IMPORTS = {module_name(path): imports_of(path) for path in SOURCES}


def part_of(module: str) -> str:
    """`pix2pix` of `kgen.pix2pix.model`, `` of anything outside of kgen."""
    parts = module.split(".")
    return parts[1] if parts[0] == "kgen" and len(parts) > 1 else ""


def test_the_walk_sees_imports():
    assert "keras" in IMPORTS["kgen.adversarial"]
    assert any(name.startswith("kgen.networks") for name in IMPORTS["kgen.pix2pix.model"])


def test_frameworks_are_imported_in_one_module_and_in_export_only():
    """What differs between frameworks belongs into kgen.backend."""
    frameworks = {*FRAMEWORKS, "jaxlib"}
    users = {
        module for module, names in IMPORTS.items() if {n.split(".")[0] for n in names} & frameworks
    }
    assert "kgen.backend" in users
    assert {module for module in users if not FRAMEWORK_MODULES.fullmatch(module)} == set()


def test_imports_point_from_systems_to_shared_parts():
    faults = [fault for module in IMPORTS for fault in wrong_imports(module)]
    assert faults == []


def wrong_imports(module: str) -> list[str]:
    here = part_of(module)
    used = {part_of(name) for name in IMPORTS[module]} - {"", here}
    wrong: set[str] = set()
    if here in SYSTEMS:
        wrong = {s for s in used & set(SYSTEMS) if (here, s) not in ALLOWED_BETWEEN_SYSTEMS}
    elif here in SHARED:
        wrong = used & {*SYSTEMS, "adversarial", "training", "generation", "export", "cli"}
    elif here == "backend":
        wrong = used & {*SYSTEMS, *SHARED, "adversarial", "training", "generation", "export", "cli"}
    return [f"{module} imports kgen.{name}" for name in sorted(wrong)]


def test_import_loads_only_the_framework_in_use():
    """`import kgen` in a fresh process, compared with what `import keras` alone loads."""
    code = (
        "import sys, json; import keras; before = set(sys.modules); import kgen;"
        "names = ['tensorflow', 'jax', 'torch', 'matplotlib', 'tensorflow_datasets', 'keras_cv'];"
        "print(keras.backend.backend());"
        "print(json.dumps([n for n in names if n in sys.modules]));"
        "print(json.dumps([n for n in names if n in set(sys.modules) - before]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    backend, loaded, by_kgen = done.stdout.split("\n")[:3]
    assert backend == keras.backend.backend()
    assert set(ast.literal_eval(by_kgen)) <= {backend}
    if backend != "tensorflow":
        assert "tensorflow" not in ast.literal_eval(loaded)


def test_version_is_the_same_everywhere():
    assert metadata.version("kgen") == kgen.__version__
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {kgen.__version__}\n" in citation
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == kgen.__version__


def test_metadata_is_declared_once():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project) == {"build-system", "tool"}
    assert setup["options"]["python_requires"] == ">=3.11"
    required = re.findall(r"^[\w-]+", setup["options"]["install_requires"], re.MULTILINE)
    assert not set(required) & {*FRAMEWORKS, "tensorflow-datasets", "keras-cv", "scikit-image"}
    extras = set(setup["options.extras_require"])
    assert {*FRAMEWORKS, "cv", "dev", "all"} <= extras
    assert "kgen = kgen.cli:main" in setup["options.entry_points"]["console_scripts"]


def test_pinned_versions_satisfy_what_is_required():
    """tools/constraints.txt pins every package that setup.cfg names, in the range it allows."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (REPOSITORY / "tools/constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    pinned["tensorflow"] = pinned["tensorflow-cpu"]
    setup = configparser.ConfigParser()
    setup.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    texts = [setup["options"]["install_requires"], setup["options.extras_require"]["all"]]
    requirements = [Requirement(line) for text in texts for line in text.split("\n") if line]
    assert len(requirements) > 10
    for requirement in requirements:
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_nothing_unlisted_lies_at_the_top():
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    top = {name.split("/")[0].strip('"') for name in listed.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL
    assert {"setup.cfg", "LICENSE", "kgen", "tests"} <= top


@pytest.mark.parametrize("command", ["tools/quickstart", "tools/test", ".ci/run"])
def test_commands_can_be_started_and_explain_themselves(command):
    path = REPOSITORY / command
    assert os.access(path, os.X_OK)
    done = subprocess.run(
        [str(path), "--help"], cwd="/", capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("usage: tools/")
