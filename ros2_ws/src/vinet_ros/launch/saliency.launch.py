# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Start saliency_node, and on request a source of images, a microphone, a head and rviz."""

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from launch import Action, LaunchContext, LaunchDescription

SHARE = get_package_share_directory("vinet_ros")
PROFILE = SHARE + "/config/fastdds_large_images.xml"
# Fast DDS 3 (Kilted) renamed the variable; each version looks at its own only.
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")

ARGUMENTS = {
    "image": ("image", "topic of the camera's images"),
    "camera_info": ("camera_info", "topic of its calibration"),
    "model": ("", "network; empty: as the parameter file says"),
    "weights": ("", "weights file; empty: as the parameter file says"),
    "device": ("", "auto, cpu, cuda or cuda:n; empty: as the parameter file says"),
    "source": (
        "",
        "video, folder of pictures, bag or camera to play; empty: a camera publishes already",
    ),
    "source_topic": ("", "image topic of a bag; empty: the only one there is"),
    "source_params_file": (SHARE + "/config/source_node.yaml", "parameters of source_node"),
    "microphone": ("false", "whether to publish a microphone of this machine as audio"),
    "microphone_params_file": (
        SHARE + "/config/microphone_node.yaml",
        "parameters of microphone_node",
    ),
    "head": ("false", "whether the camera is on a pan-tilt head, which gaze_controller turns"),
    "controller_params_file": (
        SHARE + "/config/gaze_controller.yaml",
        "parameters of gaze_controller",
    ),
    "rviz": ("false", "whether to show everything in rviz"),
    "fixed_frame": ("camera_optical_frame", "rviz's fixed frame: frame_id of the images"),
    "namespace": ("", "namespace of all nodes"),
    "niceness": ("0", "how far saliency_node gives way to others for the processor, 0 to 19"),
    "params_file": (SHARE + "/config/saliency_node.yaml", "parameters of saliency_node"),
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
    remappings = [
        ("image", LaunchConfiguration("image")),
        ("camera_info", LaunchConfiguration("camera_info")),
    ]
    overrides = {
        "model": text("model"),
        "weights": text("weights"),
        "device": text("device"),
    }
    given = {name: value for name, value in overrides.items() if chosen(context, name)}
    # Such a camera turns with the head: vinet_ros.ros.head_camera says why these two.
    steady = {"stabilize": True, "smoothing_tau_s": 0.08}
    turning = steady if chosen(context, "head", value="true") else {}
    saliency = Node(
        package="vinet_ros",
        executable="saliency_node",
        namespace=LaunchConfiguration("namespace"),
        prefix=["nice -n ", LaunchConfiguration("niceness")],
        ros_arguments=["--enclave", "/vinet_ros/saliency_node"],
        parameters=[LaunchConfiguration("params_file"), turning, given],
        remappings=remappings,
        output="screen",
    )
    source = Node(
        package="vinet_ros",
        executable="source_node",
        namespace=LaunchConfiguration("namespace"),
        ros_arguments=["--enclave", "/vinet_ros/source_node"],
        parameters=[
            LaunchConfiguration("source_params_file"),
            {
                "path": text("source"),
                "topic": text("source_topic"),
                "wait_for_subscribers": 1,
            },
        ],
        remappings=remappings,
        output="screen",
    )
    microphone = Node(
        package="vinet_ros",
        executable="microphone_node",
        namespace=LaunchConfiguration("namespace"),
        ros_arguments=["--enclave", "/vinet_ros/microphone_node"],
        parameters=[LaunchConfiguration("microphone_params_file")],
        condition=IfCondition(LaunchConfiguration("microphone")),
        output="screen",
    )
    controller = Node(
        package="vinet_ros",
        executable="gaze_controller",
        namespace=LaunchConfiguration("namespace"),
        ros_arguments=["--enclave", "/vinet_ros/gaze_controller"],
        parameters=[LaunchConfiguration("controller_params_file")],
        remappings=remappings,
        condition=IfCondition(LaunchConfiguration("head")),
        output="screen",
    )
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        namespace=LaunchConfiguration("namespace"),
        arguments=[
            "--display-config",
            SHARE + "/rviz/saliency.rviz",
            "--fixed-frame",
            LaunchConfiguration("fixed_frame"),
        ],
        remappings=[
            ("/image", LaunchConfiguration("image")),
            ("/camera_info", LaunchConfiguration("camera_info")),
            ("/saliency/overlay", "saliency/overlay"),
            ("/saliency/image_mono", "saliency/image_mono"),
            ("/gaze/markers", "gaze/markers"),
            ("/gaze/head_markers", "gaze/head_markers"),
            ("/gaze/candidates", "gaze/candidates"),
            ("/diagnostics/markers", "diagnostics/markers"),
        ],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    asked = [saliency, microphone, controller, rviz]
    return [*asked, source] if chosen(context, "source") else asked


def text(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=str)


def chosen(context: LaunchContext, argument: str, value: str | None = None) -> bool:
    given = LaunchConfiguration(argument).perform(context)
    return given != "" if value is None else given.lower() == value
