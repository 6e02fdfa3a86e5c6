# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""vinet watch: a viewer that speaks the protocol, on what a real node publishes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import sensor_msgs.msg
from foxglove import messages
from geometry_msgs.msg import PointStamped
from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory
from node_bench import spot
from sensor_msgs.msg import CompressedImage, PointCloud2, PointField
from watch_client import Viewer

from vinet_ros.cli.watch_layout import LAYOUT
from vinet_ros.errors import VinetError
from vinet_ros.ros.messages import ns_to_stamp
from vinet_ros.ros.watch import WatchNode, WatchOptions, read_candidates, read_options
from vinet_ros.ros.watch_channels import FIGURES, Candidate, WatchServer, annotations
from vinet_ros.streaming.gaze_messages import candidates_message
from vinet_ros.streaming.gaze_pipeline import GazePoint

TOPICS = {"/vinet/overlay", "/vinet/candidates", "/diagnostics", *FIGURES}


@pytest.fixture
def watched(bench):
    """A watcher in the bench's executor, and a viewer of it."""
    node = WatchNode(WatchOptions(port=0))
    bench.executor.add_node(node)
    viewer = Viewer(node.server.port)
    try:
        bench.spin_until(lambda: set(viewer.channels) == TOPICS)
        yield bench, node, viewer
    finally:
        viewer.close()
        bench.executor.remove_node(node)
        node.close()
        node.destroy_node()


def test_viewer_sees_gaze_latency_rates_and_diagnostics(watched):
    bench, _, viewer = watched
    assert viewer.server["name"] == "vinet watch saliency_node"
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel", 5)
    for topic in ("/vinet/gaze", "/vinet/latency", "/vinet/rates", "/diagnostics"):
        viewer.subscribe(topic)
    wanted = {topic: set(FIGURES[topic]) for topic in ("/vinet/gaze", "/vinet/latency")}
    wanted["/vinet/rates"] = {"images_in_hz", "maps_out_hz", "received_share", "memory_mib"}
    bench.show(lambda: all(names <= set(viewer.figures(t)) for t, names in wanted.items()))
    gaze = viewer.figures("/vinet/gaze")
    assert abs(gaze["u"] - 480) < 12 and abs(gaze["v"] - 120) < 12 and gaze["pan_deg"] < 0
    assert pixels and 0 < viewer.figures("/vinet/latency")["gaze_ms"] < 60_000
    bench.show(lambda: viewer.figures("/vinet/rates")["maps_out_hz"] > 0)
    channel = viewer.channels["/diagnostics"]
    assert channel["schemaName"] == "diagnostic_msgs/msg/DiagnosticArray"
    assert (channel["encoding"], channel["schemaEncoding"]) == ("cdr", "ros2msg")
    assert any(b"saliency_node: inference" in data for data in viewer.messages["/diagnostics"])


def test_diagnostics_are_read_by_the_schema_that_is_sent(watched):
    bench, _, viewer = watched
    bench.active()
    viewer.subscribe("/diagnostics")
    bench.spin_until(lambda: viewer.messages["/diagnostics"])
    channel = viewer.channels["/diagnostics"]
    schema = Schema(
        1, channel["schema"].encode(), channel["schemaEncoding"], channel["schemaName"]
    )
    decode = DecoderFactory().decoder_for(channel["encoding"], schema)
    names = [status.name for status in decode(viewer.messages["/diagnostics"][-1]).status]
    assert "saliency_node: lifecycle" in names


def test_overlay_is_subscribed_to_while_a_viewer_looks(watched):
    bench, _, viewer = watched
    bench.active()
    topic = "saliency/overlay/compressed"
    bench.show(lambda: bench.node.count_subscribers("gaze/target"))
    assert bench.node.count_subscribers(topic) == 0
    viewer.subscribe("/vinet/overlay")
    bench.show(lambda: viewer.messages["/vinet/overlay"])
    data = viewer.messages["/vinet/overlay"][0]
    jpeg = data[data.index(b"\xff\xd8\xff") : data.rindex(b"\xff\xd9") + 2]
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == spot().shape
    viewer.unsubscribe("/vinet/overlay")
    bench.show(lambda: bench.node.count_subscribers(topic) == 0)


def test_overlay_and_candidates_arrive_as_they_were_published(watched):
    bench, _, viewer = watched
    viewer.subscribe("/vinet/overlay")
    viewer.subscribe("/vinet/candidates")
    jpeg = cv2.imencode(".jpg", spot())[1].tobytes()
    image = CompressedImage(format="bgr8; jpeg compressed bgr8", data=jpeg)
    image.header.stamp, image.header.frame_id = ns_to_stamp(5_000_000_007), "eye"
    points = [
        GazePoint(31.5, 7.0, 0.75, (0.0, 0.0, 2.0)),
        GazePoint(90.0, 8.0, 0.5, (1.0, 0.0, 2.0)),
    ]
    cloud = candidates_message(sensor_msgs.msg, image.header, points)
    overlays = bench.node.create_publisher(CompressedImage, "saliency/overlay/compressed", 5)
    clouds = bench.node.create_publisher(PointCloud2, "gaze/candidates", 5)

    def publish(_):
        overlays.publish(image)
        clouds.publish(cloud)

    seen = viewer.messages
    bench.show(lambda: seen["/vinet/overlay"] and seen["/vinet/candidates"], send=publish)
    stamp = messages.Timestamp(5, 7)
    whole = messages.CompressedImage(timestamp=stamp, frame_id="eye", data=jpeg, format="jpeg")
    assert seen["/vinet/overlay"][0] == whole.encode()
    marked = annotations(5_000_000_007, [Candidate(31.5, 7.0, 0.75), Candidate(90.0, 8.0, 0.5)])
    assert seen["/vinet/candidates"][0] == marked.encode()
    assert b"1: 0.75" in seen["/vinet/candidates"][0]


def test_candidates_of_other_clouds_are_not_believed():
    assert read_candidates(PointCloud2()) == []
    names = ("u", "v", "saliency")
    fields = [PointField(name=n, offset=4 * i, datatype=7, count=1) for i, n in enumerate(names)]
    data = np.arange(6, dtype="<f4").tobytes()
    cloud = PointCloud2(fields=fields, point_step=12, width=1 << 30, height=1, data=data)
    assert read_candidates(cloud) == [Candidate(0.0, 1.0, 2.0), Candidate(3.0, 4.0, 5.0)]
    cloud.point_step = 8
    assert read_candidates(cloud) == []


def test_figures_that_are_not_finite_are_left_out():
    server = WatchServer("127.0.0.1", 0, "test")
    try:
        server.send_figures("/vinet/latency", {"gaze_ms": float("nan")})
        server.send_figures("/vinet/latency", {"gaze_ms": 1.0, "p50_ms": float("inf")})
    finally:
        server.close()


def test_a_port_that_is_taken_is_named():
    server = WatchServer("127.0.0.1", 0, "first")
    try:
        with pytest.raises(VinetError, match=f"cannot serve on 127.0.0.1:{server.port}.*--port"):
            WatchServer("127.0.0.1", server.port, "second")
    finally:
        server.close()


def test_layout_shows_what_is_served():
    text = json.dumps(LAYOUT)
    for path in re.findall(r'"value": "([^"]*)"', text):
        topic, _, figure = path.partition(".")
        assert figure in FIGURES[topic]
    shown = set(re.findall(r'"(/[a-z/]+)["\.]', text)) | set(
        re.findall(r'"(/vinet/[a-z]+)\.', text)
    )
    assert TOPICS >= shown >= {"/vinet/overlay", "/vinet/candidates", "/diagnostics"}
    panels = set(LAYOUT["configById"])
    assert panels == set(re.findall(r'"(\w+!\w+)"', json.dumps(LAYOUT["layout"])))


def test_options_leave_the_rest_to_ros():
    options, rest = read_options(
        ["--namespace", "/left", "--port", "9", "--ros-args", "-r", "a:=b"]
    )
    assert options == WatchOptions(namespace="/left", port=9)
    assert rest == ["--ros-args", "-r", "a:=b"]


@pytest.mark.system
def test_command_serves_until_it_is_told_to_stop(domain_id, tmp_path: Path):
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain_id)}
    command = [sys.executable, "-m", "vinet_ros.cli", "watch", "--namespace", "/left", "--port"]
    with subprocess.Popen(
        [*command, "0"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stderr.readline()
            port = int(re.search(r"ws://127\.0\.0\.1:(\d+)", line)[1])
            assert "watching left/saliency_node" in line
            viewer = Viewer(port)
            viewer.close()
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=60)[1]
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
