# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Start saliency_nodes: several cameras in one process, one network for all of them."""

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import Action, LaunchContext, LaunchDescription

SHARE = get_package_share_directory("vinet_ros")
PROFILE = SHARE + "/config/fastdds_large_images.xml"
# Fast DDS 3 (Kilted) renamed the variable; each version looks at its own only.
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")

ARGUMENTS = {
    "cameras": ("left right", "namespaces, one a camera, with spaces between them"),
    "image": ("image", "topic of the images, the same within each camera's namespace"),
    "camera_info": ("camera_info", "topic of the calibration, likewise"),
    "model": ("", "network; empty: as the parameter file says"),
    "weights": ("", "weights file; empty: as the parameter file says"),
    "device": ("", "auto, cpu, cuda or cuda:n; empty: as the parameter file says"),
    "together": ("0", "windows that go through the network together at most; 0: measured"),
    "namespace": ("", "namespace above those of the cameras"),
    "params_file": (
        SHARE + "/config/saliency_node.yaml",
        "parameters, for all under /**, for one under /its_camera/saliency_node",
    ),
}


def generate_launch_description() -> LaunchDescription:
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    # A profile that the user has set is kept.
    profiles = [
        SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=PROFILE))
        for name in PROFILE_VARIABLES
    ]
    return LaunchDescription([*declared, *profiles, OpaqueFunction(function=nodes)])


def nodes(context: LaunchContext) -> list[Action]:
    cameras = LaunchConfiguration("cameras").perform(context).split()
    overrides = {
        "model": text("model"),
        "weights": text("weights"),
        "device": text("device"),
    }
    given = {name: value for name, value in overrides.items() if chosen(context, name)}
    saliency = Node(
        package="vinet_ros",
        executable="saliency_nodes",
        namespace=LaunchConfiguration("namespace"),
        arguments=["--cameras", *cameras, "--together", LaunchConfiguration("together")],
        ros_arguments=["--enclave", "/vinet_ros/saliency_node"],
        parameters=[LaunchConfiguration("params_file"), given],
        remappings=[
            ("image", LaunchConfiguration("image")),
            ("camera_info", LaunchConfiguration("camera_info")),
        ],
        output="screen",
    )
    return [saliency]


def text(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=str)


def chosen(context: LaunchContext, argument: str) -> bool:
    return LaunchConfiguration(argument).perform(context) != ""
